using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Quota.Contracts;
using Quota.Grains.Calendar;

namespace Quota.Grains.Model;

/// <summary>
/// The counters of one block, one after the other. A block is stored with the 64-bit <see cref="Id"/> of its layout, and the
/// layout itself is stored once, in the encoding below; so a block can always be read, whatever the configuration says by then.
/// <para>
/// Encoding, little-endian, APPEND-ONLY (golden test: CounterLayoutTests): <c>u8 version = 1, u8 count</c>, then per counter
/// <c>u8 algorithm, u8 buckets, u8 calendar unit, u8 anchor day, u8 anchor month, u8 name length, u8 zone length, u8 0,
/// i64 period ns, i64 refill amount, i64 burst, name, zone</c> (UTF-8). The id is the FNV-1a hash of the encoding.
/// </para>
/// </summary>
public sealed class CounterLayout
{
    private const byte Version = 1;
    private const int FixedBytes = 32;
    private readonly int[] _offsets;

    public CounterLayout(IReadOnlyList<CounterShape> shapes)
    {
        Invariant.Check(shapes.Count <= Bounds.CountersPerBlockMax);
        Shapes = [.. shapes];
        _offsets = new int[shapes.Count];
        for (int i = 0; i < shapes.Count; i++)
        {
            _offsets[i] = SizeBytes;
            SizeBytes += shapes[i].SizeBytes;
        }
        Encoded = Encode();
        Id = Fnv1a(Encoded);
    }

    public CounterShape[] Shapes { get; }

    /// <summary>Bytes of a block of this layout.</summary>
    public int SizeBytes { get; }

    /// <summary>Identifies the layout across processes and versions.</summary>
    public ulong Id { get; }

    /// <summary>The persisted form.</summary>
    public byte[] Encoded { get; }

    /// <summary>Where counter <paramref name="index"/> starts, in bytes.</summary>
    public int Offset(int index) => _offsets[index];

    /// <summary>The bytes of counter <paramref name="index"/> within a block.</summary>
    public Span<byte> Counter(Span<byte> block, int index) => block.Slice(_offsets[index], Shapes[index].SizeBytes);

    /// <inheritdoc cref="Counter(Span{byte}, int)"/>
    public ReadOnlySpan<byte> Counter(ReadOnlySpan<byte> block, int index) => block.Slice(_offsets[index], Shapes[index].SizeBytes);

    /// <summary>Whether this layout begins with the counters of <paramref name="other"/>, so that their offsets and masks are valid here.</summary>
    public bool StartsWith(CounterLayout other)
    {
        if (ReferenceEquals(this, other) || Id == other.Id)
        {
            return true;
        }
        for (int i = 0; i < other.Shapes.Length; i++)
        {
            if (i >= Shapes.Length || Shapes[i] != other.Shapes[i])
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Reads the persisted form. Returns false if it is not one this version knows.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out CounterLayout? layout)
    {
        layout = null;
        if (encoded.Length < 2 || encoded[0] != Version || encoded[1] > Bounds.CountersPerBlockMax)
        {
            return false;
        }
        var shapes = new List<CounterShape>(encoded[1]);
        ReadOnlySpan<byte> rest = encoded[2..];
        for (int i = 0; i < encoded[1]; i++)
        {
            if (!TryDecodeShape(ref rest, out CounterShape? shape))
            {
                return false;
            }
            shapes.Add(shape);
        }
        if (!rest.IsEmpty)
        {
            return false;
        }
        // One encoding per layout, or the id would not be stable: what a decoder would ignore is refused.
        var decoded = new CounterLayout(shapes);
        layout = decoded.Encoded.AsSpan().SequenceEqual(encoded) ? decoded : null;
        return layout is not null;
    }

    private static bool TryDecodeShape(ref ReadOnlySpan<byte> rest, [NotNullWhen(true)] out CounterShape? shape)
    {
        shape = null;
        if (rest.Length < FixedBytes || rest.Length < FixedBytes + rest[5] + rest[6])
        {
            return false;
        }
        ReadOnlySpan<byte> nameUtf8 = rest.Slice(FixedBytes, rest[5]);
        ReadOnlySpan<byte> zoneUtf8 = rest.Slice(FixedBytes + rest[5], rest[6]);
        if (!Utf8.IsValid(nameUtf8) || !Utf8.IsValid(zoneUtf8))
        {
            return false;
        }
        string name = Encoding.UTF8.GetString(nameUtf8);
        string zone = Encoding.UTF8.GetString(zoneUtf8);
        long periodNs = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
        long refill = BinaryPrimitives.ReadInt64LittleEndian(rest[16..]);
        long burst = BinaryPrimitives.ReadInt64LittleEndian(rest[24..]);
        try
        {
            shape = (LimitAlgorithm)rest[0] switch
            {
                LimitAlgorithm.SlidingWindow => CounterShape.SlidingWindow(name, periodNs, rest[1]),
                LimitAlgorithm.Weighted => CounterShape.Weighted(name, periodNs),
                LimitAlgorithm.TokenBucket => CounterShape.TokenBucket(name, refill, periodNs, burst),
                LimitAlgorithm.FixedWindow => CounterShape.FixedWindow(name, periodNs),
                LimitAlgorithm.Calendar => CounterShape.ForCalendar(name, new CalendarRule((CalendarUnit)rest[2], zone, rest[3], rest[4])),
                _ => null,
            };
        }
        catch (Exception e) when (e is InvalidOperationException or TimeZoneNotFoundException)
        {
            // Bytes that pass the checksum but not the bounds are corruption, reported by the caller as such.
            return false;
        }
        rest = rest[(FixedBytes + nameUtf8.Length + zoneUtf8.Length)..];
        return shape is not null;
    }

    private byte[] Encode()
    {
        var bytes = new List<byte> { Version, (byte)Shapes.Length };
        Span<byte> head = stackalloc byte[FixedBytes];
        foreach (CounterShape shape in Shapes)
        {
            byte[] name = Encoding.UTF8.GetBytes(shape.LimitName);
            byte[] zone = Encoding.UTF8.GetBytes(shape.Calendar?.ZoneId ?? "");
            Invariant.Check(name.Length <= byte.MaxValue && zone.Length <= byte.MaxValue);
            head.Clear();
            head[0] = (byte)shape.Algorithm;
            head[1] = (byte)shape.Buckets;
            head[2] = (byte)(shape.Calendar?.Unit ?? 0);
            head[3] = (byte)(shape.Calendar?.AnchorDay ?? 0);
            head[4] = (byte)(shape.Calendar?.AnchorMonth ?? 0);
            head[5] = (byte)name.Length;
            head[6] = (byte)zone.Length;
            BinaryPrimitives.WriteInt64LittleEndian(head[8..], shape.PeriodNs);
            BinaryPrimitives.WriteInt64LittleEndian(head[16..], shape.RefillAmount);
            BinaryPrimitives.WriteInt64LittleEndian(head[24..], shape.Burst);
            bytes.AddRange(head);
            bytes.AddRange(name);
            bytes.AddRange(zone);
        }
        return [.. bytes];
    }

    private static ulong Fnv1a(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * 1099511628211;
        }
        return hash;
    }
}
