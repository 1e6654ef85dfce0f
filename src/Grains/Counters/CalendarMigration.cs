using System.Runtime.InteropServices;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Moves a quota's count to a quota of another amount, roll-over, offset or calendar, where at least one of the two has roll-over or
/// an offset. The running period keeps its units and what was carried into it; with the same calendar it keeps its ends as well. A
/// quota that has counted before is not new, so no offset is applied to it; one that had its offset keeps it as used. What the
/// periods before leave over is settled by the rules that were in force.
/// </summary>
internal static class CalendarMigration
{
    /// <summary>False if the general rule applies: one of the two is no quota, or both are plain. A new quota has nothing to move.</summary>
    public static bool TryMigrate(CounterShape from, ReadOnlySpan<byte> before, CounterShape to, Span<byte> after, in Instant now)
    {
        if (IsCarry(from) && CalendarCarry.IsNew(MemoryMarshal.Cast<byte, long>(before)))
        {
            return true;
        }
        if (from.Calendar is null || to.Calendar is null || (!IsCarry(from) && !IsCarry(to)))
        {
            return false;
        }
        ReadOnlySpan<long> source = MemoryMarshal.Cast<byte, long>(before);
        Span<long> target = MemoryMarshal.Cast<byte, long>(after);
        if (source[1] == 0)
        {
            return true;
        }
        CalendarCarry.Row row = IsCarry(from) ? CalendarCarry.At(from, source, now.WallMs) : PlainAt(from, source, now.WallMs);
        if (!from.Calendar.Equals(to.Calendar))
        {
            CalendarPeriod period = to.Calendar.PeriodAt(Math.Max(now.WallMs, row.StartMs));
            row = row with { StartMs = period.StartMs, EndMs = period.EndMs };
        }
        if (IsCarry(to))
        {
            CalendarCarry.Write(target, row);
        }
        else
        {
            (target[0], target[1], target[2]) = (row.StartMs, row.EndMs, row.UsedWithOffset);
        }
        return true;
    }

    private static bool IsCarry(CounterShape shape) => shape.Algorithm == LimitAlgorithm.CalendarCarry;

    private static CalendarCarry.Row PlainAt(CounterShape shape, ReadOnlySpan<long> c, long wallMs)
    {
        if (wallMs < c[1])
        {
            return new CalendarCarry.Row(c[0], c[1], c[2], 0);
        }
        CalendarPeriod period = shape.Calendar!.PeriodAt(wallMs);
        return new CalendarCarry.Row(period.StartMs, period.EndMs, 0, 0);
    }
}
