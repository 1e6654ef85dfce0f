using System.Buffers.Binary;
using System.Text;

namespace Quota.Silo.Definitions.Log;

/// <summary>Reads the parts of a batch one after the other. Throws <see cref="ArgumentOutOfRangeException"/> beyond the end.</summary>
internal struct ChangeReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1).Span[0];

    public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)).Span);

    public long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)).Span);

    public string Text() => Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)).Span)).Span);

    public DefinitionId Id() => new((DefinitionKind)Byte(), Text(), Text());

    /// <summary>A number of things of this size that follow.</summary>
    public int Count(int size)
    {
        int count = Int();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _rest.Length / size);
        return count;
    }

    /// <summary>A definition's content, or null for a deletion.</summary>
    public ReadOnlyMemory<byte>? Content()
    {
        int length = Int();
        return length == -1 ? default(ReadOnlyMemory<byte>?) : Take(length);
    }

    private ReadOnlyMemory<byte> Take(int length)
    {
        ReadOnlyMemory<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
