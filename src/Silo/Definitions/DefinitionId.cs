using Quota.Contracts.V1;

namespace Quota.Silo.Definitions;

/// <summary>Names one definition. A namespace's own name is in <see cref="Namespace"/>, and its <see cref="Name"/> is empty.</summary>
public readonly record struct DefinitionId(DefinitionKind Kind, string Namespace, string Name)
{
    public static DefinitionId OfNamespace(string name) => new(DefinitionKind.Namespace, name, "");

    public static DefinitionId OfPlan(string owner, string name) => new(DefinitionKind.Plan, owner, name);

    public static DefinitionId OfKey(string owner, string name) => new(DefinitionKind.Key, owner, name);

    /// <summary>What the definition is called by, or null if it is of no kind.</summary>
    public static DefinitionId? Of(Definition definition) => definition.ObjectCase switch
    {
        Definition.ObjectOneofCase.Namespace => OfNamespace(definition.Namespace.Name),
        Definition.ObjectOneofCase.Plan => OfPlan(definition.Plan.Namespace, definition.Plan.Name),
        Definition.ObjectOneofCase.Key => OfKey(definition.Key.Namespace, definition.Key.Name),
        _ => null,
    };

    /// <summary>Such as <c>plan "free" of namespace "demo"</c>.</summary>
    public override string ToString() => Kind switch
    {
        DefinitionKind.Namespace => $"namespace {Catalog.Config.Quoted.Text(Namespace)}",
        DefinitionKind.Plan => $"plan {Catalog.Config.Quoted.Text(Name)} of namespace {Catalog.Config.Quoted.Text(Namespace)}",
        _ => $"key {Catalog.Config.Quoted.Text(Name)} of namespace {Catalog.Config.Quoted.Text(Namespace)}",
    };
}
