using Quota.Grains.Model;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>
/// One definition that is to be created, replaced or deleted, and what became of that. Of the three models the one of its kind
/// is set, none for a deletion.
/// </summary>
internal sealed class PendingChange(DefinitionId id)
{
    public DefinitionId Id { get; } = id;

    /// <summary>The definition as it will be stored, or null: it is deleted.</summary>
    public byte[]? Content { get; init; }

    public NamespaceConfig? Namespace { get; init; }

    public PlanModel? Plan { get; init; }

    public KeyConfig? Key { get; init; }

    /// <summary>Line in the import or the file, from 1; 0 if there is none.</summary>
    public long Line { get; init; }

    /// <summary>Column in the file, from 1.</summary>
    public int Column { get; init; }

    /// <summary>The path of the object in the file; null elsewhere.</summary>
    public FieldPath? Path { get; init; }

    /// <summary>What is stored now, or null.</summary>
    public StoredDefinition? Before { get; set; }

    /// <summary>Why it is refused, or null.</summary>
    public DefinitionError? Error { get; private set; }

    public bool IsDelete => Content is null;

    /// <summary>Whether the store says already what this would make it say.</summary>
    public bool IsUnchanged => Before is { } before && Content is not null && before.Content.Span.SequenceEqual(Content);

    /// <summary>Forgets what a judgement has said that no longer counts; only for a change that its reader did not refuse.</summary>
    public void Reset() => (Before, Error) = (null, null);

    /// <summary>Refuses the change; the first reason counts.</summary>
    public void Refuse(DefinitionErrorCode code, string field, string message) => Error ??= new DefinitionError(code, field, message);
}
