using System.Numerics;
using System.Runtime.InteropServices;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Usage;

/// <summary>
/// The part of a key's own block behind its counters: what was used since the key's day began. Rows of 64-bit integers, APPEND-ONLY
/// (docs/DATA_FILE.md):
/// <code>
/// day start ms, day end ms                                                        both 0: nothing was ever noted
/// per unit of the layout:    used, of it rolled up, refunded, of it rolled up, denied, would have been denied
/// per counter of the layout: used, refunded, denied, would have been denied
/// </code>
/// The section never spans two days: before anything of a later day is noted, <see cref="IsDue"/> asks for the section to be moved
/// into the key's month (<see cref="Clear"/>). A wall clock that steps back stays in the section's day.
/// </summary>
public static class UsageSection
{
    /// <summary>Integers before the first row.</summary>
    public const int HeadLongs = 2;

    /// <summary>Integers of a unit's row.</summary>
    public const int UnitLongs = 6;

    /// <summary>Integers of a counter's row.</summary>
    public const int LimitLongs = 4;

    /// <summary>Bytes of the section of a layout with these units and counters.</summary>
    public static int SizeBytes(int units, int counters) => (HeadLongs + (units * UnitLongs) + (counters * LimitLongs)) * sizeof(long);

    /// <summary>Whether the section holds anything of a day that is over.</summary>
    public static bool IsDue(CounterLayout layout, ReadOnlySpan<byte> block, in Instant now)
    {
        ReadOnlySpan<long> s = Rows(layout, block);
        return now.WallMs >= s[1] && s[1] != 0 && !IsEmpty(s);
    }

    /// <summary>Whether the section holds nothing.</summary>
    public static bool IsEmpty(CounterLayout layout, ReadOnlySpan<byte> block) => layout.Usage is null || IsEmpty(Rows(layout, block));

    /// <summary>Adds what a check or a settlement used, on the unit and on the counters of <paramref name="mask"/>.</summary>
    /// <param name="layout">Layout of <paramref name="block"/>; it has a usage section.</param>
    /// <param name="block">The key's own block. Its section is not due.</param>
    /// <param name="mask">Bit i for counter i of the layout.</param>
    /// <param name="unit">Index of the unit.</param>
    /// <param name="units">Units used.</param>
    /// <param name="isRolledUp">A descendant used them.</param>
    /// <param name="now">The instant of the use.</param>
    public static void Use(CounterLayout layout, Span<byte> block, uint mask, int unit, long units, bool isRolledUp, in Instant now)
    {
        Span<long> s = Open(layout, block, now);
        int row = HeadLongs + (unit * UnitLongs);
        s[row] += units;
        if (isRolledUp)
        {
            s[row + 1] += units;
        }
        AddToLimits(layout, s, mask, 0, units);
    }

    /// <summary>Notes units that were refused, or would have been.</summary>
    /// <param name="layout">Layout of <paramref name="block"/>.</param>
    /// <param name="block">The key's own block. Its section is not due.</param>
    /// <param name="column">Which of the two.</param>
    /// <param name="unit">Index of the unit; -1 to note it on limits only.</param>
    /// <param name="mask">The counters of the limits that refused.</param>
    /// <param name="units">How many.</param>
    /// <param name="now">The instant of the refusal.</param>
    public static void NoteRefusal(CounterLayout layout, Span<byte> block, RefusalColumn column, int unit, uint mask, long units, in Instant now)
    {
        Span<long> s = Open(layout, block, now);
        if (unit >= 0)
        {
            UnitRow(s, unit)[column == RefusalColumn.Denied ? 4 : 5] += units;
        }
        AddToLimits(layout, s, mask, column == RefusalColumn.Denied ? 2 : 3, units);
    }

    /// <summary>Takes units back from a use of the section's day: at most what was used and not refunded yet; returns how many.</summary>
    public static long Refund(CounterLayout layout, Span<byte> block, uint mask, int unit, long units, bool isRolledUp)
    {
        Span<long> s = Rows(layout, block);
        Span<long> row = UnitRow(s, unit);
        long refunded = Math.Min(units, row[0] - row[2]);
        row[2] += refunded;
        row[3] += isRolledUp ? refunded : 0;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            Span<long> limit = LimitRow(layout, s, BitOperations.TrailingZeroCount(rest));
            limit[1] += Math.Min(refunded, limit[0] - limit[1]);
        }
        return refunded;
    }

    /// <summary>Start and end of the section's day; both 0 if nothing was ever noted.</summary>
    public static (long StartMs, long EndMs) Day(CounterLayout layout, ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<long> s = Rows(layout, block);
        return (s[0], s[1]);
    }

    /// <summary>The row of a unit.</summary>
    public static ReadOnlySpan<long> Unit(CounterLayout layout, ReadOnlySpan<byte> block, int unit) =>
        Rows(layout, block).Slice(HeadLongs + (unit * UnitLongs), UnitLongs);

    /// <summary>The row of a counter.</summary>
    public static ReadOnlySpan<long> Limit(CounterLayout layout, ReadOnlySpan<byte> block, int counter) =>
        Rows(layout, block).Slice(HeadLongs + (layout.Usage!.Units.Length * UnitLongs) + (counter * LimitLongs), LimitLongs);

    /// <summary>The section in its neutral form; null if it holds nothing.</summary>
    /// <param name="layout">Layout of <paramref name="block"/>.</param>
    /// <param name="block">The key's own block.</param>
    /// <param name="month">The month it counts in; null: the one its day is in by the calendar.</param>
    public static UsageDay? Read(CounterLayout layout, ReadOnlySpan<byte> block, MonthLabel? month = null)
    {
        if (IsEmpty(layout, block))
        {
            return null;
        }
        (long startMs, long endMs) = Day(layout, block);
        UsageShape usage = layout.Usage!;
        var day = new UsageDay { StartMs = startMs, EndMs = endMs, Day = usage.Billing.DayAt(startMs), Month = month ?? usage.Billing.MonthAt(startMs) };
        for (int unit = 0; unit < usage.Units.Length; unit++)
        {
            ReadOnlySpan<long> row = Unit(layout, block, unit);
            if (row.ContainsAnyExcept(0))
            {
                day.Units.Add(new UnitCounts(usage.Units[unit], row[0], row[1], row[2], row[3], row[4], row[5]));
            }
        }
        for (int counter = 0; counter < layout.Shapes.Length; counter++)
        {
            ReadOnlySpan<long> row = Limit(layout, block, counter);
            if (row.ContainsAnyExcept(0))
            {
                day.Limits.Add(new LimitCounts(layout.Shapes[counter].LimitName, layout.Shapes[counter].Unit, row[0], row[1], row[2], row[3]));
            }
        }
        return day;
    }

    /// <summary>
    /// Adds what was used on the section's day and counted elsewhere. False if the section is of another day, or does not meter all
    /// of it; then nothing has changed.
    /// </summary>
    public static bool TryMerge(CounterLayout layout, Span<byte> block, UsageDay day)
    {
        Span<long> s = Rows(layout, block);
        bool isEmpty = IsEmpty(s);
        if ((!isEmpty && s[0] != day.StartMs) || (isEmpty && s[0] > day.StartMs)
            || day.Units.Exists(u => Array.IndexOf(layout.Usage!.Units, u.Unit) < 0)
            || day.Limits.Exists(l => FindCounter(layout, l) < 0))
        {
            return false;
        }
        (s[0], s[1]) = (day.StartMs, day.EndMs);
        foreach (UnitCounts unit in day.Units)
        {
            Span<long> row = UnitRow(s, Array.IndexOf(layout.Usage!.Units, unit.Unit));
            AddRow(row, [unit.Used, unit.RolledUp, unit.Refunded, unit.RolledUpRefunded, unit.Denied, unit.WouldDeny]);
        }
        foreach (LimitCounts limit in day.Limits)
        {
            AddRow(LimitRow(layout, s, FindCounter(layout, limit)), [limit.Used, limit.Refunded, limit.Denied, limit.WouldDeny]);
        }
        return true;
    }

    private static void AddRow(Span<long> row, ReadOnlySpan<long> add)
    {
        for (int i = 0; i < add.Length; i++)
        {
            row[i] += add[i];
        }
    }

    private static int FindCounter(CounterLayout layout, LimitCounts limit) =>
        Array.FindIndex(layout.Shapes, shape => shape.LimitName == limit.Limit && shape.Unit == limit.Unit);

    /// <summary>Empties the section: what it held has been moved.</summary>
    public static void Clear(CounterLayout layout, Span<byte> block) => block[layout.UsageOffset..].Clear();

    private static Span<long> Open(CounterLayout layout, Span<byte> block, in Instant now)
    {
        Span<long> s = Rows(layout, block);
        if (now.WallMs >= s[1])
        {
            Invariant.Check(s[1] == 0 || IsEmpty(s));
            CalendarPeriod day = layout.Usage!.Billing.Day.PeriodAt(now.WallMs);
            s[0] = day.StartMs;
            s[1] = day.EndMs;
        }
        return s;
    }

    private static void AddToLimits(CounterLayout layout, Span<long> s, uint mask, int column, long units)
    {
        int first = HeadLongs + (layout.Usage!.Units.Length * UnitLongs) + column;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            s[first + (BitOperations.TrailingZeroCount(rest) * LimitLongs)] += units;
        }
    }

    private static Span<long> UnitRow(Span<long> s, int unit) => s.Slice(HeadLongs + (unit * UnitLongs), UnitLongs);

    private static Span<long> LimitRow(CounterLayout layout, Span<long> s, int counter) =>
        s.Slice(HeadLongs + (layout.Usage!.Units.Length * UnitLongs) + (counter * LimitLongs), LimitLongs);

    private static bool IsEmpty(ReadOnlySpan<long> s) => !s[HeadLongs..].ContainsAnyExcept(0);

    private static Span<long> Rows(CounterLayout layout, Span<byte> block) => MemoryMarshal.Cast<byte, long>(block[layout.UsageOffset..]);

    private static ReadOnlySpan<long> Rows(CounterLayout layout, ReadOnlySpan<byte> block) => MemoryMarshal.Cast<byte, long>(block[layout.UsageOffset..]);
}
