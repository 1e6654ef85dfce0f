using System.Text.Json;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Json;

/// <summary>
/// Decodes the JSON form of a check (proto3's mapping: camelCase or the .proto names, 64-bit integers as number or string,
/// enums by name or number, null for unset). Stricter than most: an unknown or repeated field is an error, because a misspelt
/// limit that silently does not apply is worse. Unescaped text is collected in a scratch buffer that the request points into.
/// </summary>
internal ref struct JsonCheckReader
{
    // Names of quota.proto.
    private static readonly string[] CheckFields = ["namespace", "key", "cost", "attributes", "request_id", "plan", "headers", "detail", "costs", "peek"];
    private static readonly string[] ReserveFields = [.. CheckFields[..^1], "ttl_ms", "on_expiry"];
    private static readonly string[] Dialects = ["HEADER_DIALECT_UNSPECIFIED", "HEADER_DIALECT_DRAFT_11", "HEADER_DIALECT_DRAFT_03", "HEADER_DIALECT_LEGACY"];
    private static readonly string[] Details = ["DETAIL_FULL", "DETAIL_VERDICT"];
    private static readonly string[] ExpiryPolicies = ["EXPIRY_POLICY_UNSPECIFIED", "EXPIRY_POLICY_SETTLE", "EXPIRY_POLICY_CANCEL"];

    private readonly string[] _fields;
    private readonly Span<AttributeRange> _ranges;
    private readonly Span<NamedCost> _costs;
    private JsonValueReader _value;
    private ReadOnlySpan<byte> _namespace;
    private ReadOnlySpan<byte> _key;
    private ReadOnlySpan<byte> _plan;
    private ReadOnlySpan<byte> _requestId;
    private long _cost = 1;
    private int _dialect;
    private int _detail;
    private int _attributes;
    private int _units;
    private bool _peek;
    private long _ttlMs;
    private int _onExpiry;

    private JsonCheckReader(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges, Span<NamedCost> costs, string[] fields)
    {
        _fields = fields;
        _value = new JsonValueReader(body, scratch);
        _ranges = ranges;
        _costs = costs;
    }

    /// <summary>Decodes one check. On false only <paramref name="error"/> means anything.</summary>
    /// <param name="body">One JSON object.</param>
    /// <param name="scratch">At least as long as the body; the request points into it.</param>
    /// <param name="ranges">Room for <see cref="Bounds.AttributesMax"/> attributes; the request points into it.</param>
    /// <param name="costs">Room for <see cref="Bounds.UnitsMax"/> costs; the request points into it.</param>
    /// <param name="request">The decoded request. Its bounds are checked by the limiter.</param>
    /// <param name="options">What the caller wants to know.</param>
    /// <param name="error">What is wrong with the body.</param>
    public static bool TryRead(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges, Span<NamedCost> costs, scoped out CheckRequest request, out CheckOptions options, out RequestError error) =>
        TryRead(body, scratch, ranges, costs, CheckFields, out request, out _, out options, out error);

    /// <summary>Decodes one reservation, as the other does a check.</summary>
    public static bool TryReadReservation(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges, Span<NamedCost> costs, scoped out CheckRequest request, out ReservationTerms terms, out CheckOptions options, out RequestError error) =>
        TryRead(body, scratch, ranges, costs, ReserveFields, out request, out terms, out options, out error);

    private static bool TryRead(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges, Span<NamedCost> costs, string[] fields, scoped out CheckRequest request, out ReservationTerms terms, out CheckOptions options, out RequestError error)
    {
        Invariant.Check(scratch.Length >= body.Length);
        JsonCheckReader reader = new(body, scratch, ranges, costs, fields);
        try
        {
            reader.ReadBody();
        }
        catch (JsonException e)
        {
            reader._value.Error = JsonValueReader.Malformed(e);
        }
        request = new CheckRequest
        {
            Namespace = reader._namespace,
            Key = reader._key,
            Cost = reader._cost,
            Named = new NamedCosts(scratch, costs[..reader._units]),
            IsPeek = reader._peek,
            Plan = reader._plan,
            RequestId = reader._requestId,
            Attributes = new AttributeSet(scratch, ranges[..reader._attributes]),
        };
        terms = CheckRequestRules.Terms(reader._ttlMs, reader._onExpiry);
        options = new CheckOptions((HeaderDialect)reader._dialect, reader._detail == 1);
        error = reader._value.Error;
        return error.Field is null;
    }

    private void ReadBody()
    {
        if (!_value.Json.Read() || _value.Json.TokenType != JsonTokenType.StartObject)
        {
            _value.Fail("body", "must be a JSON object");
            return;
        }
        uint seen = 0;
        while (_value.Error.Field is null && _value.Json.Read() && _value.Json.TokenType == JsonTokenType.PropertyName)
        {
            int field = FindField();
            if (field < 0)
            {
                _value.FailUnknown();
                return;
            }
            if ((seen & (1u << field)) != 0)
            {
                _value.Fail(_fields[field], "must not be repeated");
                return;
            }
            seen |= 1u << field;
            _value.Json.Read();
            if (_value.Json.TokenType != JsonTokenType.Null)
            {
                ReadField(_fields[field]);
            }
        }
        if (_value.Error.Field is null && _value.Json.Read())
        {
            _value.Fail("body", "must end after its object");
        }
        if (_value.Error.Field is null)
        {
            CheckRequestRules.CheckEnums(_dialect, _detail, _onExpiry, ref _value.Error);
        }
    }

    private void ReadField(string field)
    {
        switch (field)
        {
            case "namespace":
                _namespace = _value.Text(field);
                break;
            case "key":
                _key = _value.Text(field);
                break;
            case "plan":
                _plan = _value.Text(field);
                break;
            case "request_id":
                _requestId = _value.Text(field);
                break;
            case "cost":
                _cost = _value.Integer(field);
                break;
            case "attributes":
                ReadAttributes(field);
                break;
            case "headers":
                _dialect = _value.Number(field, Dialects);
                break;
            case "costs":
                ReadCosts(field);
                break;
            case "peek":
                _peek = _value.Flag(field);
                break;
            case "ttl_ms":
                _ttlMs = _value.Integer(field);
                break;
            case "on_expiry":
                _onExpiry = _value.Number(field, ExpiryPolicies);
                break;
            default:
                _detail = _value.Number(field, Details);
                break;
        }
    }

    private readonly int FindField()
    {
        for (int i = 0; i < _fields.Length; i++)
        {
            if (_value.Json.ValueTextEquals(_fields[i]) || (CamelCase(_fields[i]) is { IsEmpty: false } name && _value.Json.ValueTextEquals(name)))
            {
                return i;
            }
        }
        return -1;
    }

    private static ReadOnlySpan<byte> CamelCase(string field) => field switch
    {
        "request_id" => "requestId"u8,
        "ttl_ms" => "ttlMs"u8,
        "on_expiry" => "onExpiry"u8,
        _ => default,
    };

    private void ReadAttributes(string field)
    {
        if (_value.Json.TokenType != JsonTokenType.StartObject)
        {
            _value.Fail(field, "must be an object of strings");
            return;
        }
        while (_value.Error.Field is null && _value.Json.Read() && _value.Json.TokenType == JsonTokenType.PropertyName)
        {
            int nameStart = _value.Used;
            int nameLength = _value.Text(field).Length;
            _value.Json.Read();
            int valueStart = _value.Used;
            int valueLength = _value.Text(field).Length;
            AttributeRange range = new(nameStart, nameLength, valueStart, valueLength);
            if (_value.Error.Field is null && CheckRequestRules.CheckAttribute(_value.Scratch, _ranges[.._attributes], range, ref _value.Error))
            {
                _ranges[_attributes++] = range;
            }
        }
    }

    private void ReadCosts(string field)
    {
        if (_value.Json.TokenType != JsonTokenType.StartObject)
        {
            _value.Fail(field, "must be an object of numbers");
            return;
        }
        while (_value.Error.Field is null && _value.Json.Read() && _value.Json.TokenType == JsonTokenType.PropertyName)
        {
            int nameStart = _value.Used;
            int nameLength = _value.Text(field).Length;
            _value.Json.Read();
            NamedCost cost = new(nameStart, nameLength, _value.Integer(field));
            if (_value.Error.Field is null && CheckRequestRules.CheckCost(_value.Scratch, _costs[.._units], cost, ref _value.Error))
            {
                _costs[_units++] = cost;
            }
        }
    }
}
