using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>Makes a change out of a message of the administration API, by the readers of the configuration file.</summary>
internal static class DefinitionReader
{
    /// <summary>The change that makes the definition what the message says; refused if the message breaks a bound or a rule of its own.</summary>
    public static PendingChange Read(Definition definition, long line = 0)
    {
        if (DefinitionId.Of(definition) is not { } id)
        {
            var nothing = new PendingChange(default) { Line = line };
            nothing.Refuse(DefinitionErrorCode.Invalid, "", "must be a namespace, a plan or a key");
            return nothing;
        }
        IMessage message = DefinitionContent.Object(definition);
        PendingChange change = Read(id, message, new ConfigErrorList(""), line);
        if (change.Content!.Length > Bounds.DefinitionBytesMax)
        {
            change.Refuse(DefinitionErrorCode.Invalid, "", $"has {change.Content.Length} bytes: must have at most {Bounds.DefinitionBytesMax}");
        }
        return change;
    }

    /// <summary>A stored definition, which was checked when it was written.</summary>
    public static PendingChange Read(in StoredDefinition stored)
    {
        switch (stored.Id.Kind)
        {
            case DefinitionKind.Key:
                Key key = Key.Parser.ParseFrom(stored.Content.Span);
                // A million of them are read at a start, nearly all without anything that needs a reader.
                return key.Overrides.Count == 0 && key.Billing is null
                    ? new PendingChange(stored.Id) { Content = [], Key = Plain(key) }
                    : Read(stored.Id, key, new ConfigErrorList(""), 0);
            case DefinitionKind.Plan:
                return Read(stored.Id, Plan.Parser.ParseFrom(stored.Content.Span), new ConfigErrorList(""), 0);
            default:
                return Read(stored.Id, Namespace.Parser.ParseFrom(stored.Content.Span), new ConfigErrorList(""), 0);
        }
    }

    /// <summary>The same text for the same overrides.</summary>
    public static string OverridesIdentity(Key key)
    {
        if (key.Overrides.Count == 0)
        {
            return "";
        }
        var only = new Key();
        only.Overrides.Add(key.Overrides);
        return Convert.ToBase64String(only.ToByteArray());
    }

    private static PendingChange Read(DefinitionId id, IMessage message, ConfigErrorList errors, long line)
    {
        Names(id, errors);
        FieldReader fields = FieldReader.Open(MessageNodes.OfDefinition(message), FieldPath.Root, errors)!;
        byte[] content = DefinitionContent.Store(message);
        PendingChange change = id.Kind switch
        {
            DefinitionKind.Namespace => new PendingChange(id) { Content = content, Line = line, Namespace = NamespaceReader.Read(fields) },
            DefinitionKind.Plan => new PendingChange(id) { Content = content, Line = line, Plan = PlanReader.Read(id.Name, MessageNodes.OfDefinition(message), FieldPath.Root, errors) },
            _ => new PendingChange(id) { Content = content, Line = line, Key = KeyReader.Read(fields) with { OverridesIdentity = OverridesIdentity((Key)message) } },
        };
        if (errors.Count > 0)
        {
            ConfigError first = errors.ToList()[0];
            string more = errors.Count > 1 ? $" (and {errors.Count - 1} more errors)" : "";
            change.Refuse(DefinitionErrorCode.Invalid, first.Field, first.Message + more);
        }
        return change;
    }

    private static void Names(DefinitionId id, ConfigErrorList errors)
    {
        string ownField = id.Kind == DefinitionKind.Namespace ? "name" : "namespace";
        if (NameRules.Problem(id.Namespace, 1, Bounds.NameBytesMax) is { } problem)
        {
            errors.Add(0, 0, FieldPath.Root.Field(ownField), problem);
        }
        else if (id.Namespace.StartsWith(NameRules.ReservedPrefix, StringComparison.Ordinal))
        {
            errors.Add(0, 0, FieldPath.Root.Field(ownField), $"namespaces that begin with {Quoted.Text(NameRules.ReservedPrefix)} are reserved");
        }
        int bytesMax = id.Kind == DefinitionKind.Plan ? Bounds.NameBytesMax : Bounds.KeyBytesMax;
        if (id.Kind != DefinitionKind.Namespace && NameRules.Problem(id.Name, 1, bytesMax) is { } nameProblem)
        {
            errors.Add(0, 0, FieldPath.Root.Field("name"), nameProblem);
        }
    }

    private static KeyConfig Plain(Key key) => new()
    {
        Plan = key.Plan,
        Parent = key.Parent.Length > 0 ? key.Parent : null,
        Status = key.Status != Status.Disabled ? KeyStatus.Active : key.Disabled == Disabled.Allow ? KeyStatus.DisabledAllow : KeyStatus.DisabledDeny,
        Labels = key.Labels.Count == 0 ? [] : [.. key.Labels.OrderBy(l => l.Key, StringComparer.Ordinal)],
    };
}
