using System.Text.Unicode;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// Decodes <c>quota.v1.CheckQuotaRequest</c>, and <c>ReserveRequest</c> that begins with the same fields, in place: names, key and attributes stay in the message's own bytes, and nothing
/// is allocated for a good request. Where Google's reader would repair or guess (invalid UTF-8, a repeated name), this one
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
    private const uint CostsTag = (9 << 3) | 2;
    private const uint PeekOrTtlTag = (10 << 3) | 0;
    private const uint OnExpiryTag = (11 << 3) | 0;
    private const uint EntryNameTag = (1 << 3) | 2;
    private const uint EntryValueTag = (2 << 3) | 2;
    private const uint EntryUnitsTag = (2 << 3) | 0;

    private const long CostUnset = 1;

    /// <summary>Decodes one check. On false only <paramref name="error"/> means anything.</summary>
    /// <param name="message">The message; the request points into it.</param>
    /// <param name="ranges">Room for <see cref="Bounds.AttributesMax"/> attributes; the request points into it.</param>
    /// <param name="costs">Room for <see cref="Bounds.UnitsMax"/> costs; the request points into it.</param>
    /// <param name="request">The decoded request. Its bounds are checked by the limiter.</param>
    /// <param name="options">What the caller wants to know.</param>
    /// <param name="error">What is wrong with the message.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, Span<AttributeRange> ranges, Span<NamedCost> costs, scoped out CheckRequest request, out CheckOptions options, out RequestError error) =>
        TryReadFields(message, ranges, costs, reserves: false, out request, out _, out options, out error);

    /// <summary>Decodes one <c>ReserveRequest</c>, as <see cref="TryRead"/> does a check.</summary>
    public static bool TryReadReservation(ReadOnlySpan<byte> message, Span<AttributeRange> ranges, Span<NamedCost> costs, scoped out CheckRequest request, out ReservationTerms terms, out CheckOptions options, out RequestError error) =>
        TryReadFields(message, ranges, costs, reserves: true, out request, out terms, out options, out error);

    private static bool TryReadFields(ReadOnlySpan<byte> message, Span<AttributeRange> ranges, Span<NamedCost> costs, bool reserves, scoped out CheckRequest request, out ReservationTerms terms, out CheckOptions options, out RequestError error)
    {
        ReadOnlySpan<byte> name = default, key = default, plan = default, requestId = default;
        long cost = CostUnset;
        int attributes = 0, units = 0, dialect = 0, detail = 0, onExpiry = 0;
        long tenth = 0;
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
                case CostsTag:
                    ReadCost(ref reader, message, costs, ref units, ref error);
                    break;
                case PeekOrTtlTag:
                    tenth = (long)reader.ReadVarint();
                    break;
                case OnExpiryTag when reserves:
                    onExpiry = (int)reader.ReadVarint();
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
        request = new CheckRequest
        {
            Namespace = name,
            Key = key,
            Cost = cost,
            Named = new NamedCosts(message, costs[..units]),
            IsPeek = !reserves && tenth != 0,
            Plan = plan,
            RequestId = requestId,
            Attributes = new AttributeSet(message, ranges[..attributes]),
        };
        terms = CheckRequestRules.Terms(tenth, onExpiry);
        options = new CheckOptions((HeaderDialect)dialect, detail == 1);
        return error.Field is null && CheckRequestRules.CheckEnums(dialect, detail, onExpiry, ref error);
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
        if (error.Field is null && reader.Failure is null && CheckRequestRules.CheckAttribute(message, ranges[..count], range, ref error))
        {
            ranges[count++] = range;
        }
    }

    private static void ReadCost(scoped ref ProtoReader reader, ReadOnlySpan<byte> message, Span<NamedCost> costs, ref int count, ref RequestError error)
    {
        ReadOnlySpan<byte> entry = reader.ReadBytes(out int entryStart);
        int nameStart = 0, nameLength = 0;
        long units = 0;
        ProtoReader fields = new(entry);
        while (fields.TryReadTag(out uint tag))
        {
            if (tag == EntryNameTag)
            {
                nameLength = ReadText(ref fields, "costs", ref error).Length;
                nameStart = entryStart + fields.Position - nameLength;
            }
            else if (tag == EntryUnitsTag)
            {
                units = (long)fields.ReadVarint();
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
        NamedCost cost = new(nameStart, nameLength, units);
        if (error.Field is null && reader.Failure is null && CheckRequestRules.CheckCost(message, costs[..count], cost, ref error))
        {
            costs[count++] = cost;
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
