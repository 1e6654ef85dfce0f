using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Usage;

namespace Quota.Grains.Model;

/// <summary>
/// The counters of one block, one after the other. A block is stored with the 64-bit <see cref="Id"/> of its layout, and the
/// layout itself is stored once, in the encoding below; so a block can always be read, whatever the configuration says by then.
/// <para>
/// Encoding, little-endian, APPEND-ONLY (golden test: CounterLayoutTests): <c>u8 version = 1, u8 count</c>, then per counter
/// <c>u8 algorithm, u8 buckets, u8 calendar unit, u8 anchor day, u8 anchor month, u8 name length, u8 zone length,
/// u8 unit length (0: the unit is requests), i64 period ns, i64 refill amount, i64 burst, name, zone, unit</c> (UTF-8). The id is
/// the FNV-1a hash of the encoding. A quota with roll-over or offset keeps its offset, amount and most roll-over in the three i64.
/// A layout with a usage section has version 2 and goes on with <c>u8 anchor day, u8 zone length,
/// u8 units, zone</c>, then per unit <c>u8 length, name</c>.
/// </para>
/// <see cref="Record"/>, of version 3, is the layout of blocks that are no counters: bytes of any length, which begin with the
/// instant (i64 ns of the window scale) from which they may be forgotten.
/// </summary>
public sealed class CounterLayout
{
    private const byte CountersOnly = 1;
    private const byte WithUsage = 2;
    private const byte OfRecords = 3;

    /// <summary>The layout of blocks that are no counters.</summary>
    public static readonly CounterLayout Record = new();

    private const int FixedBytes = 32;
    private readonly int[] _offsets;

    /// <param name="shapes">The counters, in order.</param>
    /// <param name="usage">The usage section behind them; null if there is none.</param>
    public CounterLayout(IReadOnlyList<CounterShape> shapes, UsageShape? usage = null)
    {
        Invariant.Check(shapes.Count <= Bounds.CountersPerBlockMax);
        Shapes = [.. shapes];
        _offsets = new int[shapes.Count];
        for (int i = 0; i < shapes.Count; i++)
        {
            _offsets[i] = SizeBytes;
            SizeBytes += shapes[i].SizeBytes;
        }
        Usage = usage;
        UsageOffset = SizeBytes;
        if (usage is not null)
        {
            SizeBytes += UsageSection.SizeBytes(usage.Units.Length, shapes.Count);
        }
        Encoded = Encode();
        Id = Fnv1a.Hash(Encoded);
    }

    private CounterLayout()
    {
        Shapes = [];
        _offsets = [];
        Encoded = [OfRecords, 0];
        Id = Fnv1a.Hash(Encoded);
    }

    public CounterShape[] Shapes { get; }

    /// <summary>Whether this is <see cref="Record"/>.</summary>
    public bool IsRecord => Encoded[0] == OfRecords;

    /// <summary>Whether a block of this many bytes can have this layout.</summary>
    public bool Fits(int bytes) => IsRecord ? bytes >= sizeof(long) : bytes == SizeBytes;

    /// <summary>The usage section behind the counters, if there is one.</summary>
    public UsageShape? Usage { get; }

    /// <summary>Where the usage section starts, in bytes.</summary>
    public int UsageOffset { get; }

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

    /// <summary>Whether this layout begins with the counters of <paramref name="other"/> and meters the same, so that their offsets and masks are valid here.</summary>
    public bool StartsWith(CounterLayout other)
    {
        if (ReferenceEquals(this, other) || Id == other.Id)
        {
            return true;
        }
        if (!Equals(Usage, other.Usage))
        {
            return false;
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
        if (encoded.SequenceEqual(Record.Encoded))
        {
            layout = Record;
            return true;
        }
        if (encoded.Length < 2 || encoded[0] is not (CountersOnly or WithUsage) || encoded[1] > Bounds.CountersPerBlockMax)
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
        UsageShape? usage = null;
        if (encoded[0] == WithUsage && !TryDecodeUsage(ref rest, out usage))
        {
            return false;
        }
        if (!rest.IsEmpty)
        {
            return false;
        }
        // One encoding per layout, or the id would not be stable: what a decoder would ignore is refused.
        var decoded = new CounterLayout(shapes, usage);
        layout = decoded.Encoded.AsSpan().SequenceEqual(encoded) ? decoded : null;
        return layout is not null;
    }

    private static bool TryDecodeShape(ref ReadOnlySpan<byte> rest, [NotNullWhen(true)] out CounterShape? shape)
    {
        shape = null;
        if (rest.Length < FixedBytes || rest.Length < FixedBytes + rest[5] + rest[6] + rest[7])
        {
            return false;
        }
        ReadOnlySpan<byte> nameUtf8 = rest.Slice(FixedBytes, rest[5]);
        ReadOnlySpan<byte> zoneUtf8 = rest.Slice(FixedBytes + rest[5], rest[6]);
        ReadOnlySpan<byte> unitUtf8 = rest.Slice(FixedBytes + rest[5] + rest[6], rest[7]);
        if (!Utf8.IsValid(nameUtf8) || !Utf8.IsValid(zoneUtf8) || !Utf8.IsValid(unitUtf8))
        {
            return false;
        }
        string name = Encoding.UTF8.GetString(nameUtf8);
        string zone = Encoding.UTF8.GetString(zoneUtf8);
        string unit = unitUtf8.IsEmpty ? CounterShape.Requests : Encoding.UTF8.GetString(unitUtf8);
        long periodNs = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
        long refill = BinaryPrimitives.ReadInt64LittleEndian(rest[16..]);
        long burst = BinaryPrimitives.ReadInt64LittleEndian(rest[24..]);
        try
        {
            shape = (LimitAlgorithm)rest[0] switch
            {
                LimitAlgorithm.SlidingWindow => CounterShape.SlidingWindow(name, periodNs, rest[1], unit),
                LimitAlgorithm.Weighted => CounterShape.Weighted(name, periodNs, unit),
                LimitAlgorithm.TokenBucket => CounterShape.TokenBucket(name, refill, periodNs, burst, unit),
                LimitAlgorithm.FixedWindow => CounterShape.FixedWindow(name, periodNs, unit),
                LimitAlgorithm.PerValue => CounterShape.PerValue(name, unit),
                LimitAlgorithm.Calendar => CounterShape.ForCalendar(name, new CalendarRule((CalendarUnit)rest[2], zone, rest[3], rest[4]), unit),
                LimitAlgorithm.Concurrency => CounterShape.Concurrency(name, unit),
                LimitAlgorithm.CalendarCarry => CounterShape.ForCalendarCarry(name, new CalendarRule((CalendarUnit)rest[2], zone, rest[3], rest[4]), refill, burst, periodNs, unit),
                LimitAlgorithm.Lease => CounterShape.Lease(name, unit),
                LimitAlgorithm.LeaseHead => CounterShape.LeaseHead(),
                _ => null,
            };
        }
        catch (Exception e) when (e is InvalidOperationException or TimeZoneNotFoundException)
        {
            // Bytes that pass the checksum but not the bounds are corruption, reported by the caller as such.
            return false;
        }
        rest = rest[(FixedBytes + nameUtf8.Length + zoneUtf8.Length + unitUtf8.Length)..];
        return shape is not null;
    }

    private static bool TryDecodeUsage(ref ReadOnlySpan<byte> rest, out UsageShape? usage)
    {
        usage = null;
        if (rest.Length < 3 || rest.Length < 3 + rest[1] || rest[2] is < 1 or > Bounds.UnitsMax || !Utf8.IsValid(rest.Slice(3, rest[1])))
        {
            return false;
        }
        int anchorDay = rest[0];
        string zone = Encoding.UTF8.GetString(rest.Slice(3, rest[1]));
        var units = new string[rest[2]];
        rest = rest[(3 + rest[1])..];
        for (int i = 0; i < units.Length; i++)
        {
            if (rest.Length < 1 || rest.Length < 1 + rest[0] || !Utf8.IsValid(rest.Slice(1, rest[0])))
            {
                return false;
            }
            units[i] = Encoding.UTF8.GetString(rest.Slice(1, rest[0]));
            rest = rest[(1 + rest[0])..];
        }
        try
        {
            usage = new UsageShape(new BillingModel(zone, anchorDay), units);
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or TimeZoneNotFoundException)
        {
            return false;
        }
    }

    private static void EncodeUsage(UsageShape usage, List<byte> bytes)
    {
        byte[] zone = Encoding.UTF8.GetBytes(usage.Billing.ZoneId);
        bytes.AddRange([(byte)usage.Billing.AnchorDay, (byte)zone.Length, (byte)usage.Units.Length]);
        bytes.AddRange(zone);
        foreach (string unit in usage.Units)
        {
            byte[] name = Encoding.UTF8.GetBytes(unit);
            bytes.Add((byte)name.Length);
            bytes.AddRange(name);
        }
    }

    private byte[] Encode()
    {
        var bytes = new List<byte> { Usage is null ? CountersOnly : WithUsage, (byte)Shapes.Length };
        Span<byte> head = stackalloc byte[FixedBytes];
        foreach (CounterShape shape in Shapes)
        {
            byte[] name = Encoding.UTF8.GetBytes(shape.LimitName);
            byte[] zone = Encoding.UTF8.GetBytes(shape.Calendar?.ZoneId ?? "");
            byte[] unit = shape.Unit == CounterShape.Requests ? [] : Encoding.UTF8.GetBytes(shape.Unit);
            Invariant.Check(name.Length <= byte.MaxValue && zone.Length <= byte.MaxValue);
            head.Clear();
            head[0] = (byte)shape.Algorithm;
            head[1] = (byte)shape.Buckets;
            head[2] = (byte)(shape.Calendar?.Unit ?? 0);
            head[3] = (byte)(shape.Calendar?.AnchorDay ?? 0);
            head[4] = (byte)(shape.Calendar?.AnchorMonth ?? 0);
            head[5] = (byte)name.Length;
            head[6] = (byte)zone.Length;
            head[7] = (byte)unit.Length;
            bool isCarry = shape.Algorithm == LimitAlgorithm.CalendarCarry;
            BinaryPrimitives.WriteInt64LittleEndian(head[8..], isCarry ? shape.InitialOffset : shape.PeriodNs);
            BinaryPrimitives.WriteInt64LittleEndian(head[16..], isCarry ? shape.Amount : shape.RefillAmount);
            BinaryPrimitives.WriteInt64LittleEndian(head[24..], isCarry ? shape.RolloverMax : shape.Burst);
            bytes.AddRange(head);
            bytes.AddRange(name);
            bytes.AddRange(zone);
            bytes.AddRange(unit);
        }
        if (Usage is not null)
        {
            EncodeUsage(Usage, bytes);
        }
        return [.. bytes];
    }
}
