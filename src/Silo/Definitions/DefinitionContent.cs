using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>Definitions between their three forms: as they are asked for, as they are stored, and as they are shown.</summary>
internal static class DefinitionContent
{
    /// <summary>What is shown, and may be sent back, instead of a secret that is there.</summary>
    public const string SecretIsSet = "(set)";

    /// <summary>The stored form: without what the server sets.</summary>
    public static byte[] Store(IMessage message)
    {
        switch (message)
        {
            case Namespace { } owner:
                Namespace bareNamespace = owner.Clone();
                (bareNamespace.Etag, bareNamespace.Source, bareNamespace.UpdatedAtUnixMs) = ("", Source.Unspecified, 0);
                return bareNamespace.ToByteArray();
            case Plan { } plan:
                Plan barePlan = plan.Clone();
                (barePlan.Etag, barePlan.Source, barePlan.UpdatedAtUnixMs) = ("", Source.Unspecified, 0);
                return barePlan.ToByteArray();
            default:
                Key bareKey = ((Key)message).Clone();
                (bareKey.Etag, bareKey.Source, bareKey.UpdatedAtUnixMs) = ("", Source.Unspecified, 0);
                return bareKey.ToByteArray();
        }
    }

    /// <summary>The object inside.</summary>
    public static IMessage Object(Definition definition) => definition.ObjectCase switch
    {
        Definition.ObjectOneofCase.Namespace => definition.Namespace,
        Definition.ObjectOneofCase.Plan => definition.Plan,
        _ => definition.Key,
    };

    /// <summary>The etag of a version.</summary>
    public static string Etag(long version) => version.ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A stored definition as it is shown: with what the server sets, and without secrets.</summary>
    public static Definition Show(in StoredDefinition stored) =>
        Show(stored.Id.Kind, stored.Content.Span, Etag(stored.Version), stored.Source, stored.UpdatedAtMs);

    /// <summary>Stored content as the audit trail shows it; null stays null.</summary>
    public static Definition? Show(DefinitionKind kind, ReadOnlyMemory<byte>? content) =>
        content is { } bytes ? Show(kind, bytes.Span, "", Source.Unspecified, 0) : null;

    /// <summary>The secret of a stored namespace's webhook, or null.</summary>
    public static string? Secret(in StoredDefinition? stored) =>
        stored is { Id.Kind: DefinitionKind.Namespace } found ? Namespace.Parser.ParseFrom(found.Content.Span).Webhook?.Secret : null;

    /// <summary>The stored form of a key without what tells whose it was: its name, labels and note, and the name as a parent.</summary>
    public static byte[] Redact(ReadOnlySpan<byte> content, string name, string pseudonym)
    {
        Key key = Key.Parser.ParseFrom(content);
        if (key.Name == name)
        {
            (key.Name, key.Note) = (pseudonym, "");
            key.Labels.Clear();
        }
        if (key.Parent == name)
        {
            key.Parent = pseudonym;
        }
        return key.ToByteArray();
    }

    /// <summary>The stored form of a key under a pseudonym, without its labels and note.</summary>
    public static byte[] RedactOwn(ReadOnlySpan<byte> content, string pseudonym)
    {
        Key key = Key.Parser.ParseFrom(content);
        (key.Name, key.Note) = (pseudonym, "");
        key.Labels.Clear();
        return key.ToByteArray();
    }

    /// <summary>The stored form of a key whose parent is named by a pseudonym.</summary>
    public static byte[] RedactParent(ReadOnlySpan<byte> content, string pseudonym)
    {
        Key key = Key.Parser.ParseFrom(content);
        key.Parent = pseudonym;
        return key.ToByteArray();
    }

    private static Definition Show(DefinitionKind kind, ReadOnlySpan<byte> content, string etag, Source source, long updatedAtMs)
    {
        switch (kind)
        {
            case DefinitionKind.Namespace:
                Namespace owner = Namespace.Parser.ParseFrom(content);
                (owner.Etag, owner.Source, owner.UpdatedAtUnixMs) = (etag, source, updatedAtMs);
                if (owner.Webhook is { Secret.Length: > 0 } webhook)
                {
                    webhook.Secret = SecretIsSet;
                }
                return new Definition { Namespace = owner };
            case DefinitionKind.Plan:
                Plan plan = Plan.Parser.ParseFrom(content);
                (plan.Etag, plan.Source, plan.UpdatedAtUnixMs) = (etag, source, updatedAtMs);
                return new Definition { Plan = plan };
            default:
                Key key = Key.Parser.ParseFrom(content);
                (key.Etag, key.Source, key.UpdatedAtUnixMs) = (etag, source, updatedAtMs);
                return new Definition { Key = key };
        }
    }
}
