using System.Text.Unicode;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// Decodes <c>quota.v1.CheckQuotaRequest</c> in place: names, key and attributes stay in the message's own bytes, and nothing
/// is allocated for a good request. Where Google's reader would repair or guess (invalid UTF-8, a repeated attribute), this one
/// answers an error. Tested against that reader in CheckRequestFuzzTests; golden bytes in WireGoldenTests.
/// </summary>
internal static class CheckRequestReader
{
    // Field number << 3 | wire type. APPEND-ONLY: quota.proto.
    private const uint NamespaceTag = (1 << 3) | 2;
    private const uint KeyTag = (2 << 3) | 2;
    private const uint CostTag = (3 << 3) | 0;
    private const uint AttributesTag = (4 << 3) | 2;
    private const uint RequestIdTag = (5 << 3) | 2;
    private const uint PlanTag = (6 << 3) | 2;
    private const uint HeadersTag = (7 << 3) | 0;
    private const uint DetailTag = (8 << 3) | 0;
    private const uint EntryNameTag = (1 << 3) | 2;
    private const uint EntryValueTag = (2 << 3) | 2;

    private const long CostUnset = 1;

    /// <summary>Decodes one message. On false only <paramref name="error"/> means anything.</summary>
    /// <param name="message">The message; the request points into it.</param>
    /// <param name="ranges">Room for <see cref="Bounds.AttributesMax"/> attributes; the request points into it.</param>
    /// <param name="request">The decoded request. Its bounds are checked by the limiter.</param>
    /// <param name="options">What the caller wants to know.</param>
    /// <param name="error">What is wrong with the message.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, Span<AttributeRange> ranges, scoped out CheckRequest request, out CheckOptions options, out RequestError error)
    {
        ReadOnlySpan<byte> name = default, key = default, plan = default, requestId = default;
        long cost = CostUnset;
        int attributes = 0, dialect = 0, detail = 0;
        error = default;
        ProtoReader reader = new(message);
        while (reader.TryReadTag(out uint tag) && error.Field is null)
        {
            switch (tag)
            {
                case NamespaceTag:
                    name = ReadText(ref reader, "namespace", ref error);
                    break;
                case KeyTag:
                    key = ReadText(ref reader, "key", ref error);
                    break;
                case CostTag:
                    cost = (long)reader.ReadVarint();
                    break;
                case AttributesTag:
                    ReadAttribute(ref reader, message, ranges, ref attributes, ref error);
                    break;
                case RequestIdTag:
                    requestId = ReadText(ref reader, "request_id", ref error);
                    break;
                case PlanTag:
                    plan = ReadText(ref reader, "plan", ref error);
                    break;
                case HeadersTag:
                    dialect = (int)reader.ReadVarint();
                    break;
                case DetailTag:
                    detail = (int)reader.ReadVarint();
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }
        if (reader.Failure is { } failure)
        {
            error = RequestError.Malformed(failure);
        }
        request = new CheckRequest { Namespace = name, Key = key, Cost = cost, Plan = plan, RequestId = requestId, Attributes = new AttributeSet(message, ranges[..attributes]) };
        options = new CheckOptions((HeaderDialect)dialect, detail == 1);
        return error.Field is null && CheckEnums(dialect, detail, ref error);
    }

    /// <summary>Refuses enum values this version does not know; the same for every protocol that carries them as numbers.</summary>
    internal static bool CheckEnums(int dialect, int detail, ref RequestError error)
    {
        if (dialect is < 0 or > (int)HeaderDialect.Legacy)
        {
            error = new RequestError("headers", $"there is no dialect {dialect}");
        }
        else if (detail is < 0 or > 1)
        {
            error = new RequestError("detail", $"there is no detail {detail}");
        }
        return error.Field is null;
    }

    /// <summary>Checks one attribute's bounds and that no other has its name.</summary>
    internal static bool CheckAttribute(ReadOnlySpan<byte> buffer, ReadOnlySpan<AttributeRange> before, in AttributeRange range, ref RequestError error)
    {
        if (before.Length >= Bounds.AttributesMax)
        {
            error = new RequestError("attributes", $"must be at most {Bounds.AttributesMax}");
        }
        else if (range.NameLength is < 1 or > Bounds.AttributeNameBytesMax)
        {
            error = new RequestError("attributes", $"a name must be 1 to {Bounds.AttributeNameBytesMax} bytes, was {range.NameLength}");
        }
        else if (range.ValueLength > Bounds.AttributeValueBytesMax)
        {
            error = new RequestError("attributes", $"a value must be at most {Bounds.AttributeValueBytesMax} bytes, was {range.ValueLength}");
        }
        else if (new AttributeSet(buffer, before).TryGet(buffer.Slice(range.NameStart, range.NameLength), out _))
        {
            error = new RequestError("attributes", "must not repeat a name");
        }
        return error.Field is null;
    }

    private static void ReadAttribute(scoped ref ProtoReader reader, ReadOnlySpan<byte> message, Span<AttributeRange> ranges, ref int count, ref RequestError error)
    {
        ReadOnlySpan<byte> entry = reader.ReadBytes(out int entryStart);
        int nameStart = 0, nameLength = 0, valueStart = 0, valueLength = 0;
        ProtoReader fields = new(entry);
        while (fields.TryReadTag(out uint tag))
        {
            if (tag == EntryNameTag)
            {
                nameLength = ReadText(ref fields, "attributes", ref error).Length;
                nameStart = entryStart + fields.Position - nameLength;
            }
            else if (tag == EntryValueTag)
            {
                valueLength = ReadText(ref fields, "attributes", ref error).Length;
                valueStart = entryStart + fields.Position - valueLength;
            }
            else
            {
                fields.Skip(tag);
            }
        }
        if (fields.Failure is { } failure)
        {
            error = RequestError.Malformed(failure);
        }
        AttributeRange range = new(nameStart, nameLength, valueStart, valueLength);
        if (error.Field is null && reader.Failure is null && CheckAttribute(message, ranges[..count], range, ref error))
        {
            ranges[count++] = range;
        }
    }

    private static ReadOnlySpan<byte> ReadText(scoped ref ProtoReader reader, string field, scoped ref RequestError error)
    {
        ReadOnlySpan<byte> text = reader.ReadBytes(out _);
        if (!Utf8.IsValid(text) && error.Field is null)
        {
            error = RequestError.NotUtf8(field);
        }
        return text;
    }
}
