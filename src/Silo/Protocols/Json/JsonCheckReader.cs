using System.Text;
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
    private static readonly string[] Fields = ["namespace", "key", "cost", "attributes", "request_id", "plan", "headers", "detail"];
    private static readonly string[] Dialects = ["HEADER_DIALECT_UNSPECIFIED", "HEADER_DIALECT_DRAFT_11", "HEADER_DIALECT_DRAFT_03", "HEADER_DIALECT_LEGACY"];
    private static readonly string[] Details = ["DETAIL_FULL", "DETAIL_VERDICT"];

    private readonly Span<AttributeRange> _ranges;
    private JsonValueReader _value;
    private ReadOnlySpan<byte> _namespace;
    private ReadOnlySpan<byte> _key;
    private ReadOnlySpan<byte> _plan;
    private ReadOnlySpan<byte> _requestId;
    private long _cost = 1;
    private int _dialect;
    private int _detail;
    private int _attributes;

    private JsonCheckReader(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges)
    {
        _value = new JsonValueReader(body, scratch);
        _ranges = ranges;
    }

    /// <summary>Decodes one body. On false only <paramref name="error"/> means anything.</summary>
    /// <param name="body">One JSON object.</param>
    /// <param name="scratch">At least as long as the body; the request points into it.</param>
    /// <param name="ranges">Room for <see cref="Bounds.AttributesMax"/> attributes; the request points into it.</param>
    /// <param name="request">The decoded request. Its bounds are checked by the limiter.</param>
    /// <param name="options">What the caller wants to know.</param>
    /// <param name="error">What is wrong with the body.</param>
    public static bool TryRead(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges, scoped out CheckRequest request, out CheckOptions options, out RequestError error)
    {
        Invariant.Check(scratch.Length >= body.Length);
        JsonCheckReader reader = new(body, scratch, ranges);
        try
        {
            reader.ReadBody();
        }
        catch (JsonException e)
        {
            reader._value.Error = new RequestError("body", $"malformed JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine}");
        }
        request = new CheckRequest
        {
            Namespace = reader._namespace,
            Key = reader._key,
            Cost = reader._cost,
            Plan = reader._plan,
            RequestId = reader._requestId,
            Attributes = new AttributeSet(scratch, ranges[..reader._attributes]),
        };
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
                ReadOnlySpan<byte> unknown = _value.Text("body");
                _value.Fail(Encoding.UTF8.GetString(unknown[..Math.Min(unknown.Length, Bounds.NameBytesMax)]), "there is no such field");
                return;
            }
            if ((seen & (1u << field)) != 0)
            {
                _value.Fail(Fields[field], "must not be repeated");
                return;
            }
            seen |= 1u << field;
            _value.Json.Read();
            if (_value.Json.TokenType != JsonTokenType.Null)
            {
                ReadField(Fields[field]);
            }
        }
        if (_value.Error.Field is null && _value.Json.Read())
        {
            _value.Fail("body", "must end after its object");
        }
        if (_value.Error.Field is null)
        {
            CheckRequestReader.CheckEnums(_dialect, _detail, ref _value.Error);
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
            default:
                _detail = _value.Number(field, Details);
                break;
        }
    }

    private readonly int FindField()
    {
        for (int i = 0; i < Fields.Length; i++)
        {
            if (_value.Json.ValueTextEquals(Fields[i]))
            {
                return i;
            }
        }
        return _value.Json.ValueTextEquals("requestId"u8) ? Array.IndexOf(Fields, "request_id") : -1;
    }

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
            if (_value.Error.Field is null && CheckRequestReader.CheckAttribute(_value.Scratch, _ranges[.._attributes], range, ref _value.Error))
            {
                _ranges[_attributes++] = range;
            }
        }
    }
}
