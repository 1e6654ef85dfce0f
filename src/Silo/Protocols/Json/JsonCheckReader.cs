using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
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

    private readonly Span<byte> _scratch;
    private readonly Span<AttributeRange> _ranges;
    private Utf8JsonReader _json;
    private RequestError _error;
    private ReadOnlySpan<byte> _namespace;
    private ReadOnlySpan<byte> _key;
    private ReadOnlySpan<byte> _plan;
    private ReadOnlySpan<byte> _requestId;
    private long _cost = 1;
    private int _dialect;
    private int _detail;
    private int _used;
    private int _attributes;

    private JsonCheckReader(ReadOnlySpan<byte> body, Span<byte> scratch, Span<AttributeRange> ranges)
    {
        _json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 4 });
        _scratch = scratch;
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
            reader._error = new RequestError("body", $"malformed JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine}");
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
        error = reader._error;
        return error.Field is null;
    }

    private void ReadBody()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
        {
            Fail("body", "must be a JSON object");
            return;
        }
        uint seen = 0;
        while (_error.Field is null && _json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            int field = FindField();
            if (field < 0)
            {
                ReadOnlySpan<byte> unknown = Text("body");
                Fail(Encoding.UTF8.GetString(unknown[..Math.Min(unknown.Length, Bounds.NameBytesMax)]), "there is no such field");
                return;
            }
            if ((seen & (1u << field)) != 0)
            {
                Fail(Fields[field], "must not be repeated");
                return;
            }
            seen |= 1u << field;
            _json.Read();
            if (_json.TokenType != JsonTokenType.Null)
            {
                ReadField(Fields[field]);
            }
        }
        if (_error.Field is null && _json.Read())
        {
            Fail("body", "must end after its object");
        }
        if (_error.Field is null)
        {
            CheckRequestReader.CheckEnums(_dialect, _detail, ref _error);
        }
    }

    private void ReadField(string field)
    {
        switch (field)
        {
            case "namespace":
                _namespace = Text(field);
                break;
            case "key":
                _key = Text(field);
                break;
            case "plan":
                _plan = Text(field);
                break;
            case "request_id":
                _requestId = Text(field);
                break;
            case "cost":
                _cost = Integer(field);
                break;
            case "attributes":
                ReadAttributes(field);
                break;
            case "headers":
                _dialect = Number(field, Dialects);
                break;
            default:
                _detail = Number(field, Details);
                break;
        }
    }

    private readonly int FindField()
    {
        for (int i = 0; i < Fields.Length; i++)
        {
            if (_json.ValueTextEquals(Fields[i]))
            {
                return i;
            }
        }
        return _json.ValueTextEquals("requestId"u8) ? Array.IndexOf(Fields, "request_id") : -1;
    }

    private void ReadAttributes(string field)
    {
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            Fail(field, "must be an object of strings");
            return;
        }
        while (_error.Field is null && _json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            int nameStart = _used;
            int nameLength = Text(field).Length;
            _json.Read();
            int valueStart = _used;
            int valueLength = Text(field).Length;
            AttributeRange range = new(nameStart, nameLength, valueStart, valueLength);
            if (_error.Field is null && CheckRequestReader.CheckAttribute(_scratch, _ranges[.._attributes], range, ref _error))
            {
                _ranges[_attributes++] = range;
            }
        }
    }

    /// <summary>The current string or name, unescaped into the scratch buffer.</summary>
    private ReadOnlySpan<byte> Text(string field)
    {
        if (_json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            Fail(field, "must be a string");
            return default;
        }
        if (!Utf8.IsValid(_json.ValueSpan))
        {
            Fail(field, RequestError.NotUtf8(field).Message);
            return default;
        }
        try
        {
            int length = _json.CopyString(_scratch[_used..]);
            ReadOnlySpan<byte> text = _scratch.Slice(_used, length);
            _used += length;
            return text;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
            Fail(field, RequestError.NotUtf8(field).Message);
            return default;
        }
    }

    private long Integer(string field)
    {
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out long number))
        {
            return number;
        }
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetDecimal(out decimal value) && decimal.IsInteger(value) && value is >= long.MinValue and <= long.MaxValue)
        {
            return (long)value;
        }
        if (_json.TokenType == JsonTokenType.String)
        {
            ReadOnlySpan<byte> text = Text(field);
            if (Utf8Parser.TryParse(text, out number, out int read) && read == text.Length)
            {
                return number;
            }
        }
        Fail(field, "must be a 64-bit integer, as a number or a string");
        return 0;
    }

    private int Number(string field, string[] names)
    {
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt32(out int number))
        {
            return number;
        }
        for (int i = 0; _json.TokenType == JsonTokenType.String && i < names.Length; i++)
        {
            if (_json.ValueTextEquals(names[i]))
            {
                return i;
            }
        }
        Fail(field, $"must be one of {string.Join(", ", names)}");
        return 0;
    }

    private void Fail(string field, string message)
    {
        if (_error.Field is null)
        {
            _error = new RequestError(field, message);
        }
    }
}
