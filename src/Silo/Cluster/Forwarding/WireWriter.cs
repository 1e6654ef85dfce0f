using System.Buffers.Binary;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>Writes little-endian fields one after the other to a span that has room for all of them.</summary>
internal ref struct WireWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    /// <summary>Bytes written.</summary>
    public int Position { get; private set; }

    public void Byte(int value) => _target[Position++] = checked((byte)value);

    public void UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_target[Position..], checked((ushort)value));
        Position += sizeof(ushort);
    }

    public void UInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_target[Position..], value);
        Position += sizeof(int);
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_target[Position..], value);
        Position += sizeof(long);
    }

    public void UInt64(ulong value) => Int64((long)value);

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_target[Position..]);
        Position += value.Length;
    }

    /// <summary>Leaves room, as zeros.</summary>
    public void Skip(int count)
    {
        _target.Slice(Position, count).Clear();
        Position += count;
    }

    /// <summary>Says in four bytes at <paramref name="at"/> how many bytes were written behind them.</summary>
    public readonly void Length(int at) => BinaryPrimitives.WriteInt32LittleEndian(_target[at..], Position - at - sizeof(int));
}
