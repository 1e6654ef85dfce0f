using System.Buffers;
using System.Buffers.Text;
using Quota.Grains;

namespace Quota.Silo.Protocols.Headers;

/// <summary>A header value being composed in a caller's buffer, in the forms of RFC 9651.</summary>
internal ref struct HeaderValue
{
    /// <summary>Largest integer of a structured field (RFC 9651, 3.3.1); larger amounts are clamped to it.</summary>
    public const long IntegerMax = 999_999_999_999_999;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        " !#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    private readonly Span<byte> _buffer;
    private int _length;

    public HeaderValue(Span<byte> buffer) => _buffer = buffer;

    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    public void Clear() => _length = 0;

    public void Text(scoped ReadOnlySpan<byte> ascii)
    {
        ascii.CopyTo(_buffer[_length..]);
        _length += ascii.Length;
    }

    public void Integer(long value)
    {
        bool formatted = Utf8Formatter.TryFormat(Math.Clamp(value, 0, IntegerMax), _buffer[_length..], out int written);
        Invariant.Check(formatted);
        _length += written;
    }

    /// <summary>Starts the next member of a list, if this is not the first.</summary>
    public void Separator()
    {
        if (_length > 0)
        {
            Text(", "u8);
        }
    }

    /// <summary>
    /// A structured-field string. Quotes and backslashes are escaped; what such a string cannot hold (anything but printable
    /// ASCII) and the percent sign are percent-encoded, so that distinct names stay distinct.
    /// </summary>
    public void Quoted(scoped ReadOnlySpan<byte> utf8)
    {
        Text("\""u8);
        if (!utf8.ContainsAnyExcept(PlainBytes))
        {
            Text(utf8);
        }
        else
        {
            foreach (byte b in utf8)
            {
                Escaped(b);
            }
        }
        Text("\""u8);
    }

    private void Escaped(byte b)
    {
        if (b is (byte)'"' or (byte)'\\')
        {
            _buffer[_length++] = (byte)'\\';
        }
        if (b is >= 0x20 and <= 0x7E and not (byte)'%')
        {
            _buffer[_length++] = b;
            return;
        }
        _buffer[_length++] = (byte)'%';
        _buffer[_length++] = "0123456789ABCDEF"u8[b >> 4];
        _buffer[_length++] = "0123456789ABCDEF"u8[b & 15];
    }
}
