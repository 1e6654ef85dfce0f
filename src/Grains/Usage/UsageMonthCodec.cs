using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Quota.Contracts;

namespace Quota.Grains.Usage;

/// <summary>
/// The persisted form of a <see cref="UsageMonth"/>, little-endian, APPEND-ONLY (golden test: UsageMonthGoldenTests). One encoding
/// per month: what a decoder would ignore is refused.
/// <code>
/// i64 forget-at (window scale, ns), u8 version = 1, u8 flags (1: sealed), i64 sealed-at ms, i64 start ms, i64 end ms, text zone
/// u8 units:        per unit  text name, n used, n rolled_up, n refunded, n rolled_up_refunded, n denied, n would_deny
/// u8 limits:       per limit text name, u8 unit, n used, n refunded, n denied, n would_deny
/// u16 day rows:    per row   day, u8 unit, n used, n refunded        ascending by day and unit
/// u16 adjustments: per entry text id, u8 unit, i64 amount, u16 length and reason, text author, i64 at ms
/// </code>
/// <c>text</c> is a u8 length and UTF-8; <c>unit</c> an index into the units; <c>n</c> an unsigned LEB128 number of at most 63 bits;
/// <c>day</c> an i32 in the first row (days since 1970-01-01) and <c>n</c>, the days since the row before, in the others.
/// </summary>
public static class UsageMonthCodec
{
    /// <summary>Bytes before the zone.</summary>
    private const int HeadBytes = 34;

    private const byte Version = 1;
    private const byte SealedFlag = 1;

    /// <summary>The persisted form, at most <see cref="Bounds.MonthBytesMax"/>.</summary>
    public static byte[] Encode(UsageMonth month)
    {
        var writer = new UsageWriter();
        writer.Long(month.ForgetAtNs);
        writer.Byte(Version);
        writer.Byte(month.IsSealed ? SealedFlag : (byte)0);
        writer.Long(month.SealedAtMs);
        writer.Long(month.StartMs);
        writer.Long(month.EndMs);
        writer.Text(month.ZoneId);
        var units = new Dictionary<string, byte>(StringComparer.Ordinal);
        writer.Byte((byte)month.Units.Count);
        foreach (UnitCounts u in month.Units)
        {
            units.Add(u.Unit, (byte)units.Count);
            writer.Text(u.Unit);
            writer.Counts(u.Used, u.RolledUp, u.Refunded, u.RolledUpRefunded, u.Denied, u.WouldDeny);
        }
        writer.Byte((byte)month.Limits.Count);
        foreach (LimitCounts l in month.Limits)
        {
            writer.Text(l.Limit);
            writer.Byte(units[l.Unit]);
            writer.Counts(l.Used, l.Refunded, l.Denied, l.WouldDeny);
        }
        WriteDays(writer, month.Days, units);
        writer.Short(month.Adjustments.Count);
        foreach (UsageAdjustment a in month.Adjustments)
        {
            WriteAdjustment(writer, a, units[a.Unit]);
        }
        byte[] encoded = writer.ToArray();
        Invariant.Check(encoded.Length <= Bounds.MonthBytesMax);
        return encoded;
    }

    /// <summary>Reads the persisted form. Returns false for bytes that are not one this version knows.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out UsageMonth? month)
    {
        month = null;
        if (encoded.Length < HeadBytes || encoded.Length > Bounds.MonthBytesMax || encoded[8] != Version || encoded[9] > SealedFlag)
        {
            return false;
        }
        bool isSealed = encoded[9] == SealedFlag;
        long sealedAtMs = BinaryPrimitives.ReadInt64LittleEndian(encoded[10..]);
        long startMs = BinaryPrimitives.ReadInt64LittleEndian(encoded[18..]);
        long endMs = BinaryPrimitives.ReadInt64LittleEndian(encoded[26..]);
        var reader = new UsageReader(encoded[HeadBytes..]);
        if (startMs >= endMs || (!isSealed && sealedAtMs != 0) || !reader.TryText(out string zoneId))
        {
            return false;
        }
        var restored = new UsageMonth(startMs, endMs, zoneId) { ForgetAtNs = BinaryPrimitives.ReadInt64LittleEndian(encoded) };
        if (!TryUnits(ref reader, out List<UnitCounts> units)
            || !TryLimits(ref reader, units, out List<LimitCounts> limits)
            || !TryDays(ref reader, units, out List<DayCounts> days)
            || !TryAdjustments(ref reader, units, out List<UsageAdjustment> adjustments)
            || !reader.IsAtEnd
            || !restored.TryRestore(units, limits, days, adjustments))
        {
            return false;
        }
        if (isSealed)
        {
            restored.Seal(sealedAtMs);
        }
        month = restored;
        return true;
    }

    /// <summary>Whether these bytes are a sealed month, without reading the rest of them.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> encoded) => encoded.Length >= HeadBytes && encoded[8] == Version && (encoded[9] & SealedFlag) != 0;

    /// <summary>Bytes of one adjustment.</summary>
    internal static int AdjustmentBytes(UsageAdjustment a)
    {
        var writer = new UsageWriter();
        WriteAdjustment(writer, a, 0);
        return writer.Length;
    }

    private static void WriteDays(UsageWriter writer, IReadOnlyList<DayCounts> days, Dictionary<string, byte> units)
    {
        writer.Short(days.Count);
        for (int i = 0; i < days.Count; i++)
        {
            if (i == 0)
            {
                writer.Int(days[i].Day);
            }
            else
            {
                writer.Counts((long)days[i].Day - days[i - 1].Day);
            }
            writer.Byte(units[days[i].Unit]);
            writer.Counts(days[i].Used, days[i].Refunded);
        }
    }

    private static void WriteAdjustment(UsageWriter writer, UsageAdjustment a, byte unit)
    {
        writer.Text(a.Id);
        writer.Byte(unit);
        writer.Long(a.Amount);
        byte[] reason = Encoding.UTF8.GetBytes(a.Reason);
        Invariant.Check(reason.Length <= Bounds.ReasonBytesMax);
        writer.Short(reason.Length);
        writer.Bytes(reason);
        writer.Text(a.Author);
        writer.Long(a.AtMs);
    }

    private static bool TryUnits(ref UsageReader reader, out List<UnitCounts> units)
    {
        units = [];
        if (!reader.TryByte(out byte count) || count > Bounds.MonthUnitsMax + 1)
        {
            return false;
        }
        Span<long> n = stackalloc long[6];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryText(out string name) || !reader.TryCounts(n))
            {
                return false;
            }
            units.Add(new UnitCounts(name, n[0], n[1], n[2], n[3], n[4], n[5]));
        }
        return true;
    }

    private static bool TryLimits(ref UsageReader reader, List<UnitCounts> units, out List<LimitCounts> limits)
    {
        limits = [];
        if (!reader.TryByte(out byte count) || count > Bounds.MonthLimitsMax + Bounds.MonthUnitsMax + 1)
        {
            return false;
        }
        Span<long> n = stackalloc long[4];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryText(out string name) || !reader.TryByte(out byte unit) || unit >= units.Count || !reader.TryCounts(n))
            {
                return false;
            }
            limits.Add(new LimitCounts(name, units[unit].Unit, n[0], n[1], n[2], n[3]));
        }
        return true;
    }

    private static bool TryDays(ref UsageReader reader, List<UnitCounts> units, out List<DayCounts> days)
    {
        days = [];
        if (!reader.TryShort(out int count) || count > Bounds.MonthDayRowsMax + Bounds.MonthUnitsMax + 1)
        {
            return false;
        }
        Span<long> n = stackalloc long[2];
        Span<long> step = stackalloc long[1];
        int day = 0;
        int unitBefore = -1;
        for (int i = 0; i < count; i++)
        {
            if (i == 0 ? !reader.TryInt(out day) : !reader.TryCounts(step) || step[0] > int.MaxValue - (long)Math.Max(day, 0))
            {
                return false;
            }
            day += i == 0 ? 0 : (int)step[0];
            if (!reader.TryByte(out byte unit) || unit >= units.Count || (i > 0 && step[0] == 0 && unit <= unitBefore) || !reader.TryCounts(n))
            {
                return false;
            }
            unitBefore = unit;
            days.Add(new DayCounts(day, units[unit].Unit, n[0], n[1]));
        }
        return true;
    }

    private static bool TryAdjustments(ref UsageReader reader, List<UnitCounts> units, out List<UsageAdjustment> adjustments)
    {
        adjustments = [];
        if (!reader.TryShort(out int count))
        {
            return false;
        }
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryText(out string id) || !reader.TryByte(out byte unit) || unit >= units.Count || !reader.TryLong(out long amount)
                || amount is < -Bounds.AmountMax or > Bounds.AmountMax
                || !reader.TryShort(out int reasonBytes) || reasonBytes > Bounds.ReasonBytesMax || !reader.TryText(reasonBytes, out string reason)
                || !reader.TryText(out string author) || !reader.TryLong(out long atMs))
            {
                return false;
            }
            adjustments.Add(new UsageAdjustment(id, units[unit].Unit, amount, reason, author, atMs));
        }
        return true;
    }
}
