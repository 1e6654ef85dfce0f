using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Fixed window aligned to the epoch. State: <c>[window, used]</c>. Any window of the period's length holds at most twice the amount.
/// </summary>
internal static class FixedWindow
{
    public static long Evaluate(CounterShape shape, ReadOnlySpan<long> c, long amount, long cost, long nowNs) =>
        Used(shape, c, nowNs) + cost <= amount
            ? Counter.HasRoom
            : ((c[0] + 1) * shape.PeriodNs) - nowNs;

    public static void Count(CounterShape shape, Span<long> c, long cost, long nowNs)
    {
        long window = nowNs / shape.PeriodNs;
        if (window > c[0])
        {
            c[0] = window;
            c[1] = 0;
        }
        c[1] += cost;
    }

    public static long Uncount(CounterShape shape, Span<long> c, long units, long countedNs, long nowNs)
    {
        if (countedNs / shape.PeriodNs != c[0] || nowNs / shape.PeriodNs > c[0])
        {
            return 0;
        }
        long given = Math.Min(units, c[1]);
        c[1] -= given;
        return given;
    }

    public static long Used(CounterShape shape, ReadOnlySpan<long> c, long nowNs) => nowNs / shape.PeriodNs > c[0] ? 0 : c[1];

    public static long ResetNs(CounterShape shape, ReadOnlySpan<long> c, long nowNs) =>
        Used(shape, c, nowNs) == 0 ? 0 : ((c[0] + 1) * shape.PeriodNs) - nowNs;
}
