using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Quota.Grains.Usage;

/// <summary>Reads the elements of <see cref="UsageMonthCodec"/>; every method answers false where the bytes end or are not what it reads.</summary>
internal ref struct UsageReader(ReadOnlySpan<byte> bytes)
{
    private const int CountBytesMax = 9;

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryByte(out byte value)
    {
        value = _rest.IsEmpty ? (byte)0 : _rest[0];
        return TrySkip(1);
    }

    public bool TryShort(out int value)
    {
        value = _rest.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        return TrySkip(2);
    }

    public bool TryInt(out int value)
    {
        value = _rest.Length < 4 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(_rest);
        return TrySkip(4);
    }

    public bool TryLong(out long value)
    {
        value = _rest.Length < 8 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(_rest);
        return TrySkip(8);
    }

    /// <summary>A length and as many bytes of UTF-8.</summary>
    public bool TryText(out string text)
    {
        text = "";
        return TryByte(out byte length) && TryText(length, out text);
    }

    /// <summary>Bytes of UTF-8.</summary>
    public bool TryText(int length, out string text)
    {
        text = "";
        if (_rest.Length < length || !Utf8.IsValid(_rest[..length]))
        {
            return false;
        }
        text = Encoding.UTF8.GetString(_rest[..length]);
        return TrySkip(length);
    }

    /// <summary>Numbers from 0 to <see cref="UsageSum.Max"/>, each in its shortest form.</summary>
    public bool TryCounts(scoped Span<long> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            long value = 0;
            int n = 0;
            byte b;
            do
            {
                if (n == CountBytesMax || !TryByte(out b))
                {
                    return false;
                }
                value |= (long)(b & 0x7F) << (7 * n++);
            }
            while (b > 0x7F);
            if ((b == 0 && n > 1) || value > UsageSum.Max)
            {
                return false;
            }
            values[i] = value;
        }
        return true;
    }

    private bool TrySkip(int count)
    {
        if (_rest.Length < count)
        {
            return false;
        }
        _rest = _rest[count..];
        return true;
    }
}
