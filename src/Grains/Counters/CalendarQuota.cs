using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Units used in a calendar period. State: <c>[start ms, end ms, used]</c>. The period's ends are kept with the count, so that
/// its numbers mean the same period for ever; a wall clock that steps back to before the start stays in the period.
/// </summary>
internal static class CalendarQuota
{
    public static long Evaluate(ReadOnlySpan<long> c, long amount, long cost, long wallMs) =>
        Used(c, wallMs) + cost <= amount ? Counter.HasRoom : Duration.NsFromMs(c[1] - wallMs);

    public static void Count(CounterShape shape, Span<long> c, long cost, long wallMs)
    {
        if (wallMs >= c[1])
        {
            CalendarPeriod period = shape.Calendar!.PeriodAt(wallMs);
            c[0] = period.StartMs;
            c[1] = period.EndMs;
            c[2] = 0;
        }
        c[2] += cost;
    }

    /// <summary>Of the running period only: what is over cannot be used any more. Also for <see cref="CalendarCarry"/>, whose state begins alike.</summary>
    public static long Uncount(Span<long> c, long units, long countedMs, long wallMs)
    {
        if (wallMs >= c[1] || countedMs < c[0] || countedMs >= c[1])
        {
            return 0;
        }
        long given = Math.Min(units, c[2]);
        c[2] -= given;
        return given;
    }

    public static long Used(ReadOnlySpan<long> c, long wallMs) => wallMs >= c[1] ? 0 : c[2];

    /// <summary>Until the period ends, whether or not anything is used in it.</summary>
    public static long ResetNs(CounterShape shape, ReadOnlySpan<long> c, long wallMs)
    {
        long endMs = wallMs >= c[1] ? shape.Calendar!.PeriodAt(wallMs).EndMs : c[1];
        return Duration.NsFromMs(endMs - wallMs);
    }
}
