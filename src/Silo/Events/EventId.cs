using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Quota.Silo.Events;

/// <summary>
/// Identifies one crossing of one threshold: the same crossing has the same id for ever, also after a restart or when it is counted
/// again. It is the first 16 bytes of a SHA-256, so two crossings do not meet, and callers who choose keys cannot make them meet.
/// APPEND-ONLY (golden test: ThresholdEventGoldenTests). Hashed, little-endian:
/// <code>
/// u8 1, then namespace, key, limit, each as u16 length and UTF-8;
/// u16 attributes, per attribute: u16 length, name, u16 length, value; i64 period start ms, u16 threshold percent
/// </code>
/// The plan and the amount are not part of it: a key that changes plans, or whose amount is raised, gets each event once per period.
/// </summary>
public readonly record struct EventId(UInt128 Value)
{
    /// <summary>Bytes of the id.</summary>
    public const int Bytes = 16;

    /// <summary>The id of a crossing.</summary>
    public static EventId Of(ThresholdEvent crossing)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([1]);
        Append(hash, crossing.Namespace);
        Append(hash, crossing.Key);
        Append(hash, crossing.Limit);
        Append(hash, (ushort)crossing.Attributes.Count);
        foreach ((string name, string value) in crossing.Attributes)
        {
            Append(hash, name);
            Append(hash, value);
        }
        Span<byte> start = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(start, crossing.PeriodStartMs);
        hash.AppendData(start);
        Append(hash, (ushort)crossing.ThresholdPercent);
        return Read(hash.GetHashAndReset());
    }

    /// <summary>Reads the <see cref="Bytes"/> bytes that <see cref="WriteTo"/> writes.</summary>
    public static EventId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>Writes the <see cref="Bytes"/> bytes of the id, in the order of its text.</summary>
    public void WriteTo(Span<byte> target) => BinaryPrimitives.WriteUInt128BigEndian(target, Value);

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);

    private static void Append(IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Append(hash, (ushort)bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, ushort number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
