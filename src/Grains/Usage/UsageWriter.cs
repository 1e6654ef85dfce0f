using System.Buffers.Binary;
using System.Text;

namespace Quota.Grains.Usage;

/// <summary>Writes the elements of <see cref="UsageMonthCodec"/>.</summary>
internal sealed class UsageWriter
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public void Byte(byte value) => _bytes.Add(value);

    public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public void Short(int value)
    {
        Invariant.Check(value is >= 0 and <= ushort.MaxValue);
        Span<byte> target = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)value);
        _bytes.AddRange(target);
    }

    public void Int(int value)
    {
        Span<byte> target = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(target, value);
        _bytes.AddRange(target);
    }

    public void Long(long value)
    {
        Span<byte> target = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(target, value);
        _bytes.AddRange(target);
    }

    public void Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Invariant.Check(utf8.Length <= byte.MaxValue);
        _bytes.Add((byte)utf8.Length);
        _bytes.AddRange(utf8);
    }

    /// <summary>Numbers from 0 on, each as unsigned LEB128.</summary>
    public void Counts(params ReadOnlySpan<long> values)
    {
        foreach (long value in values)
        {
            Invariant.Check(value >= 0);
            long rest = value;
            for (; rest > 0x7F; rest >>= 7)
            {
                _bytes.Add((byte)(rest | 0x80));
            }
            _bytes.Add((byte)rest);
        }
    }
}
