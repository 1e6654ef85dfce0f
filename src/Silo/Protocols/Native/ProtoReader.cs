namespace Quota.Silo.Protocols.Native;

/// <summary>
/// Reads protobuf's wire format from one span, with the leniencies of Google's own readers (long tags and lengths lose their
/// upper bits; a varint has at most ten bytes). Groups are refused: proto3 has none. After a failure the reader is at its end.
/// </summary>
internal ref struct ProtoReader
{
    private const int VarintBytesMax = 10;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    public ProtoReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>What was malformed, once something was.</summary>
    public string? Failure { get; private set; }

    /// <summary>The next tag, or false at the end or after a failure.</summary>
    public bool TryReadTag(out uint tag)
    {
        tag = 0;
        if (_position >= _bytes.Length)
        {
            return false;
        }
        byte first = _bytes[_position];
        if (first < 0x80)
        {
            _position++;
            tag = first;
        }
        else
        {
            tag = (uint)ReadVarint();
        }
        if (tag >> 3 == 0 && Failure is null)
        {
            Fail("a field number of 0");
        }
        return Failure is null;
    }

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < VarintBytesMax; i++)
        {
            if (_position >= _bytes.Length)
            {
                Fail("it ends inside a number");
                return 0;
            }
            byte b = _bytes[_position++];
            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                return value;
            }
        }
        Fail("a number of more than ten bytes");
        return 0;
    }

    /// <summary>The bytes of a length-delimited field, and where they start.</summary>
    public ReadOnlySpan<byte> ReadBytes(out int start)
    {
        int length = (int)(uint)ReadVarint();
        start = _position;
        if (Failure is null && (length < 0 || length > _bytes.Length - _position))
        {
            Fail("a length goes past its end");
        }
        if (Failure is not null)
        {
            return default;
        }
        _position += length;
        return _bytes.Slice(start, length);
    }

    /// <summary>Skips the value of a field that is not known.</summary>
    public void Skip(uint tag)
    {
        switch (tag & 7)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                SkipBytes(8);
                break;
            case 2:
                ReadBytes(out _);
                break;
            case 5:
                SkipBytes(4);
                break;
            case 3 or 4:
                Fail("groups are not supported");
                break;
            default:
                Fail("an unknown wire type");
                break;
        }
    }

    private void SkipBytes(int count)
    {
        if (_bytes.Length - _position < count)
        {
            Fail("it ends inside a number");
            return;
        }
        _position += count;
    }

    private void Fail(string what)
    {
        Failure ??= what;
        _position = _bytes.Length;
    }
}
