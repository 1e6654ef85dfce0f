using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Quota.Grains;

namespace Quota.Silo.Catalog.Config;

/// <summary>
/// The other direction of <see cref="MessageNodes"/>: makes the messages of the administration API from what the configuration
/// file says, in the file's own texts. Only for nodes that a reader has found no error in.
/// </summary>
internal static class NodeMessages
{
    /// <summary>Sets the fields that <paramref name="node"/> names, all but those in <paramref name="without"/>.</summary>
    public static void Fill(IMessage message, ConfigNode node, params ReadOnlySpan<string> without)
    {
        if (node is not ConfigMapping mapping)
        {
            Invariant.Check(node is ConfigScalar { IsNull: true });
            return;
        }
        foreach (ConfigEntry entry in mapping.Entries)
        {
            if (!without.Contains(entry.Name.Value))
            {
                FieldDescriptor? field = message.Descriptor.FindFieldByName(entry.Name.Value);
                Invariant.Check(field is not null);
                Set(message, field, entry.Value);
            }
        }
    }

    private static void Set(IMessage message, FieldDescriptor field, ConfigNode node)
    {
        if (field.IsMap)
        {
            var map = (IDictionary)field.Accessor.GetValue(message);
            FieldDescriptor item = field.MessageType.FindFieldByNumber(2);
            foreach (ConfigEntry entry in (node as ConfigMapping)?.Entries ?? [])
            {
                map[entry.Name.Value] = Value(item, entry.Value);
            }
        }
        else if (field.IsRepeated)
        {
            var list = (IList)field.Accessor.GetValue(message);
            // The file takes one value for a list of one.
            foreach (ConfigNode item in node is ConfigSequence sequence ? sequence.Items : [node])
            {
                list.Add(Value(field, item));
            }
        }
        else
        {
            field.Accessor.SetValue(message, Value(field, node));
        }
    }

    private static object Value(FieldDescriptor field, ConfigNode node)
    {
        switch (field.FieldType)
        {
            case FieldType.Message when field.MessageType == Contracts.V1.Values.Descriptor:
                var values = new Contracts.V1.Values();
                values.Values_.Add((node is ConfigSequence sequence ? sequence.Items : [node]).Select(Text));
                return values;
            case FieldType.Message when field.MessageType == Contracts.V1.Leases.Descriptor && node is ConfigScalar { IsNull: false }:
                // The file takes the mode by itself: `leases: off`.
                return new Contracts.V1.Leases { Mode = Text(node) == "off" ? Contracts.V1.LeaseMode.Off : Contracts.V1.LeaseMode.On };
            case FieldType.Message:
                IMessage message = field.MessageType.Parser.ParseFrom(ByteString.Empty);
                Fill(message, node);
                return message;
            case FieldType.Enum:
                EnumValueDescriptor? value = field.EnumType.FindValueByName(MessageNodes.Prefix(field.EnumType) + Text(node).ToUpperInvariant());
                Invariant.Check(value is not null);
                return value.Number;
            case FieldType.Int32:
                return checked((int)Number(node));
            case FieldType.Int64:
                return Number(node);
            default:
                return Text(node);
        }
    }

    private static string Text(ConfigNode node) => ((ConfigScalar)node).Value;

    private static long Number(ConfigNode node)
    {
        bool isNumber = AmountText.TryParse(Text(node), out long value);
        Invariant.Check(isNumber);
        return value;
    }
}
