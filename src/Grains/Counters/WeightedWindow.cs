using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Two fixed windows; the earlier counts by the share of it that the sliding window still overlaps, rounded up. State:
/// <c>[window, previous, current]</c>. It assumes that the earlier window was used evenly; where it was not, a sliding window
/// holds up to one unit less than twice the amount, which WeightedWindowTests reaches (source: Cloudflare, "How we built rate
/// limiting capable of scaling to millions of domains").
/// </summary>
internal static class WeightedWindow
{
    public static long Evaluate(CounterShape shape, ReadOnlySpan<long> c, long amount, long cost, long nowNs)
    {
        (long window, long previous, long current, long elapsed) = At(shape, c, nowNs);
        long period = shape.PeriodNs;
        if (current + Weight(previous, period - elapsed, period) + cost <= amount)
        {
            return Counter.HasRoom;
        }
        long room = amount - cost - current;
        long fitsAt = room >= 0
            // 1. It fits within this window, once enough of the previous one has left.
            ? (window * period) + FirstElapsed(previous, room, period)
            // 2. It fits within the next one, in which the current window is the one that leaves.
            : ((window + 1) * period) + FirstElapsed(current, amount - cost, period);
        return fitsAt - nowNs;
    }

    public static void Count(CounterShape shape, Span<long> c, long cost, long nowNs)
    {
        (c[0], c[1], c[2], _) = At(shape, c, nowNs);
        c[2] += cost;
    }

    /// <summary>From the running window or the one before it.</summary>
    public static long Uncount(CounterShape shape, Span<long> c, long units, long countedNs, long nowNs)
    {
        long window = countedNs / shape.PeriodNs;
        long age = c[0] - window;
        if (age is not (0 or 1) || nowNs / shape.PeriodNs > window + 1)
        {
            return 0;
        }
        ref long count = ref c[age == 0 ? 2 : 1];
        long given = Math.Min(units, count);
        count -= given;
        return given;
    }

    public static long Used(CounterShape shape, ReadOnlySpan<long> c, long nowNs)
    {
        (_, long previous, long current, long elapsed) = At(shape, c, nowNs);
        return current + Weight(previous, shape.PeriodNs - elapsed, shape.PeriodNs);
    }

    public static long ResetNs(CounterShape shape, ReadOnlySpan<long> c, long nowNs)
    {
        (long window, long previous, long current, _) = At(shape, c, nowNs);
        return current > 0 ? ((window + 2) * shape.PeriodNs) - nowNs
            : previous > 0 ? ((window + 1) * shape.PeriodNs) - nowNs
            : 0;
    }

    /// <summary>The state as of now: rolled over if its window has passed, and never an earlier window than it has seen.</summary>
    private static (long Window, long Previous, long Current, long Elapsed) At(CounterShape shape, ReadOnlySpan<long> c, long nowNs)
    {
        long window = nowNs / shape.PeriodNs;
        if (window <= c[0])
        {
            return (c[0], c[1], c[2], Math.Max(0, nowNs - (c[0] * shape.PeriodNs)));
        }
        return (window, window == c[0] + 1 ? c[2] : 0, 0, nowNs - (window * shape.PeriodNs));
    }

    private static long Weight(long count, long part, long whole) => count == 0 ? 0 : Fraction.DivideUp(count, part, whole);

    /// <summary>The first elapsed time at which <paramref name="count"/> weighs no more than <paramref name="room"/>.</summary>
    private static long FirstElapsed(long count, long room, long period) =>
        count <= room ? 0 : period - Fraction.Divide(room, period, count).Quotient;
}
