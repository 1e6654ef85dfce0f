using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Token bucket as GCRA on integers (ITU-T I.371, virtual scheduling). State: <c>[tat]</c>, the theoretical arrival time in ns:
/// the instant at which the bucket would be full again. A cost moves it by <c>cost × period / amount</c>, rounded up, so
/// rounding never admits more than the rate; a request costs at most 1 ns of refill more than it should.
/// </summary>
internal static class TokenBucket
{
    public static long Evaluate(CounterShape shape, ReadOnlySpan<long> c, long cost, long nowNs)
    {
        long over = Math.Max(c[0], nowNs) + CostNs(shape, cost) - nowNs - shape.BurstNs;
        if (over <= 0)
        {
            return Counter.HasRoom;
        }
        // Rounding can make the time of a cost as large as the burst one ns longer than the burst's own.
        return c[0] <= nowNs ? Counter.HasRoom : over;
    }

    public static void Count(CounterShape shape, Span<long> c, long cost, long nowNs) =>
        c[0] = Math.Max(c[0], nowNs) + CostNs(shape, cost);

    public static long Used(CounterShape shape, ReadOnlySpan<long> c, long nowNs)
    {
        long debtNs = ResetNs(c, nowNs);
        return debtNs == 0 ? 0 : (long)((((Int128)debtNs * shape.RefillAmount) + shape.PeriodNs - 1) / shape.PeriodNs);
    }

    public static long ResetNs(ReadOnlySpan<long> c, long nowNs) => Math.Max(0, c[0] - nowNs);

    private static long CostNs(CounterShape shape, long cost)
    {
        ulong high = Math.BigMul((ulong)cost, (ulong)shape.PeriodNs, out ulong low);
        ulong amount = (ulong)shape.RefillAmount;
        if (high == 0 && low <= ulong.MaxValue - amount)
        {
            return (long)((low + amount - 1) / amount);
        }
        return (long)((((UInt128)(ulong)cost * (ulong)shape.PeriodNs) + amount - 1) / amount);
    }
}
