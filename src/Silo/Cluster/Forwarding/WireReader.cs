using System.Buffers.Binary;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// Reads little-endian fields one after the other. What is not there reads as zeros and sets <see cref="Failed"/>, so that a reader
/// asks once, at its end, instead of after each field.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;

    /// <summary>Bytes read.</summary>
    public int Position { get; private set; }

    /// <summary>A field was not there.</summary>
    public bool Failed { get; private set; }

    public readonly bool IsAtEnd => Position == _source.Length;

    public byte Byte() => Take(1) is [byte value] ? value : (byte)0;

    public int UInt16() => Take(sizeof(ushort)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : 0;

    /// <summary>A number of 32 bits that is not negative; another one is not there.</summary>
    public int UInt32()
    {
        int value = Take(sizeof(int)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;
        Failed |= value < 0;
        return Math.Max(0, value);
    }

    public long Int64() => Take(sizeof(long)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;

    public ulong UInt64() => (ulong)Int64();

    public ReadOnlySpan<byte> Bytes(int count) => Take(count);

    /// <summary>Bytes with their length, in four bytes, before them.</summary>
    public ReadOnlySpan<byte> Frame() => Take(UInt32());

    private ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count > _source.Length - Position)
        {
            Failed = true;
            return default;
        }
        Position += count;
        return _source.Slice(Position - count, count);
    }
}
