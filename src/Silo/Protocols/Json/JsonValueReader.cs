using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Quota.Contracts;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Json;

/// <summary>Reads single values in proto3's JSON mapping, and keeps the first error. Text is unescaped into a scratch buffer.</summary>
internal ref struct JsonValueReader
{
    // The object, its attributes, and more so that a nested value is told apart from a malformed one.
    private const int DepthMax = 4;

    /// <summary>The reader, at the value to read.</summary>
    public Utf8JsonReader Json;

    /// <summary>The first error; its field is null if there is none.</summary>
    public RequestError Error;

    public JsonValueReader(ReadOnlySpan<byte> body, Span<byte> scratch)
    {
        Json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = DepthMax });
        Scratch = scratch;
    }

    /// <summary>Where text is unescaped to.</summary>
    public Span<byte> Scratch { get; }

    /// <summary>Bytes of <see cref="Scratch"/> that hold text.</summary>
    public int Used { get; private set; }

    /// <summary>The current string or name, unescaped into the scratch buffer.</summary>
    public ReadOnlySpan<byte> Text(string field)
    {
        if (Json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            Fail(field, "must be a string");
            return default;
        }
        if (!Utf8.IsValid(Json.ValueSpan))
        {
            Fail(field, RequestError.NotUtf8(field).Message);
            return default;
        }
        try
        {
            int length = Json.CopyString(Scratch[Used..]);
            ReadOnlySpan<byte> text = Scratch.Slice(Used, length);
            Used += length;
            return text;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
            Fail(field, RequestError.NotUtf8(field).Message);
            return default;
        }
    }

    /// <summary>The current value as a 64-bit integer: a number without a fraction, or a string of one.</summary>
    public long Integer(string field)
    {
        if (Json.TokenType == JsonTokenType.Number && Json.TryGetInt64(out long number))
        {
            return number;
        }
        if (Json.TokenType == JsonTokenType.Number && Json.TryGetDecimal(out decimal value) && decimal.IsInteger(value) && value is >= long.MinValue and <= long.MaxValue)
        {
            return (long)value;
        }
        if (Json.TokenType == JsonTokenType.String)
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

    /// <summary>The current value as an enum: its number, or one of <paramref name="names"/>.</summary>
    public int Number(string field, string[] names)
    {
        if (Json.TokenType == JsonTokenType.Number && Json.TryGetInt32(out int number))
        {
            return number;
        }
        for (int i = 0; Json.TokenType == JsonTokenType.String && i < names.Length; i++)
        {
            if (Json.ValueTextEquals(names[i]))
            {
                return i;
            }
        }
        Fail(field, $"must be one of {string.Join(", ", names)}");
        return 0;
    }

    /// <summary>The current value as true or false.</summary>
    public bool Flag(string field)
    {
        if (Json.TokenType is not (JsonTokenType.True or JsonTokenType.False))
        {
            Fail(field, "must be true or false");
        }
        return Json.TokenType == JsonTokenType.True;
    }

    /// <summary>Notes that the current name is no field's.</summary>
    public void FailUnknown()
    {
        ReadOnlySpan<byte> unknown = Text("body");
        Fail(Encoding.UTF8.GetString(unknown[..Math.Min(unknown.Length, Bounds.NameBytesMax)]), "there is no such field");
    }

    /// <summary>A body that is not JSON.</summary>
    public static RequestError Malformed(JsonException e) => new("body", $"malformed JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine}");

    /// <summary>Notes an error; the first one counts.</summary>
    public void Fail(string field, string message)
    {
        if (Error.Field is null)
        {
            Error = new RequestError(field, message);
        }
    }
}
