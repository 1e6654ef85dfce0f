using System.Collections;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Quota.Silo.Catalog.Config;

/// <summary>
/// Makes the nodes of the configuration file from the messages of the administration API, so that the same readers say what is
/// wrong with both: fields by their names, enum values by their words in lower case. What is unset is left out, and so is what
/// only the server sets, or what the file says by where it stands.
/// </summary>
internal static class MessageNodes
{
    private static readonly HashSet<string> Elsewhere = new(StringComparer.Ordinal) { "namespace", "name", "etag", "source", "updated_at_unix_ms" };

    /// <summary>The nodes of a Namespace, a Plan or a Key.</summary>
    public static ConfigMapping OfDefinition(IMessage message) => Of(message, Elsewhere);

    /// <summary>The word of an enum value in the file.</summary>
    public static string Word(EnumDescriptor type, int number) =>
        type.FindValueByNumber(number) is { } value ? value.Name[Prefix(type).Length..].ToLowerInvariant() : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What all values of an enum begin with, such as <c>UNKNOWN_KEYS_</c>.</summary>
    public static string Prefix(EnumDescriptor type)
    {
        var prefix = new StringBuilder();
        foreach (char c in type.Name)
        {
            prefix.Append(char.IsUpper(c) && prefix.Length > 0 ? "_" : "").Append(char.ToUpperInvariant(c));
        }
        return prefix.Append('_').ToString();
    }

    private static ConfigMapping Of(IMessage message, HashSet<string>? without)
    {
        var entries = new List<ConfigEntry>();
        foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (without?.Contains(field.Name) != true && OfField(field, field.Accessor.GetValue(message)) is { } node)
            {
                entries.Add(new ConfigEntry(Scalar(field.Name), node));
            }
        }
        return new ConfigMapping(0, 0, entries);
    }

    private static ConfigNode? OfField(FieldDescriptor field, object? value)
    {
        if (field.IsMap)
        {
            var map = (IDictionary)value!;
            FieldDescriptor item = field.MessageType.FindFieldByNumber(2);
            return map.Count == 0 ? null : new ConfigMapping(0, 0, [.. map.Keys.Cast<string>().Select(k => new ConfigEntry(Scalar(k), OfValue(item, map[k]!)))]);
        }
        if (field.IsRepeated)
        {
            var list = (IList)value!;
            // A plan may have no limits, and says so.
            return list.Count == 0 && field.Name != "limits" ? null : new ConfigSequence(0, 0, [.. list.Cast<object>().Select(v => OfValue(field, v))]);
        }
        // An amount of nothing is an amount.
        return IsUnset(value) && field.Name != "amount" ? null : OfValue(field, value!);
    }

    private static bool IsUnset(object? value) => value is null or "" or 0 or 0L || (value is Enum && Convert.ToInt32(value, CultureInfo.InvariantCulture) == 0);

    private static ConfigNode OfValue(FieldDescriptor field, object value) => value switch
    {
        Contracts.V1.Values values => new ConfigSequence(0, 0, [.. values.Values_.Select(Scalar)]),
        IMessage message => Of(message, null),
        Enum => Scalar(Word(field.EnumType, Convert.ToInt32(value, CultureInfo.InvariantCulture))),
        string text => Scalar(text),
        _ => Scalar(Convert.ToString(value, CultureInfo.InvariantCulture)!),
    };

    private static ConfigScalar Scalar(string text) => new(0, 0, text, plain: false);
}
