using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Token bucket as GCRA (ITU-T I.371, virtual scheduling), exact. State: <c>[ns, parts]</c>, the theoretical arrival time
/// <c>ns + parts / RefillParts</c>, <c>0 ≤ parts &lt; RefillParts</c>: the instant at which the bucket would be full again. A cost
/// moves it by <c>cost × RefillNs / RefillParts</c>.
/// <para>
/// Why the fraction is kept: 3 units per second refill in 333 333 333⅓ ns each. Rounded up, a burst of 3 would hold only 2 for
/// requests of the same instant; rounded down, the rate would be exceeded.
/// </para>
/// </summary>
internal static class TokenBucket
{
    /// <summary>
    /// Longest debt that is kept: twice the longest burst. What is admitted never owes more than the burst; only what is counted
    /// without asking does.
    /// </summary>
    public const long DebtNsMax = 2 * CounterShape.BurstNsMax;

    public static long Evaluate(CounterShape shape, ReadOnlySpan<long> c, long cost, long nowNs)
    {
        long debtNs = c[0] - nowNs;
        if (debtNs < 0)
        {
            // Full, and the caller made sure that the cost fits into a full bucket.
            return Counter.HasRoom;
        }
        // It fits once debt + cost <= burst. The whole ns of what is missing, then the parts, of which there are fewer than 2 ns worth.
        (long costNs, long costParts) = Fraction.Divide(cost, shape.RefillNs, shape.RefillParts);
        long missingNs = debtNs + costNs - shape.BurstNs;
        long missingParts = c[1] + costParts - shape.BurstParts;
        return Math.Max(Counter.HasRoom, missingNs + (missingParts <= 0 ? 0 : missingParts <= shape.RefillParts ? 1 : 2));
    }

    public static void Count(CounterShape shape, Span<long> c, long cost, long nowNs)
    {
        (long ns, long parts) = c[0] < nowNs ? (nowNs, 0) : (c[0], c[1]);
        (long costNs, long costParts) = Fraction.Divide(cost, shape.RefillNs, shape.RefillParts);
        ns += Math.Min(costNs, DebtNsMax);
        parts += costParts;
        if (parts >= shape.RefillParts)
        {
            parts -= shape.RefillParts;
            ns++;
        }
        c[0] = Math.Max(c[0], Math.Min(ns, nowNs + DebtNsMax));
        c[1] = parts;
    }

    /// <summary>
    /// Moves the arrival time back by whole units: by those that cannot have been refilled since they were counted, never before now.
    /// <para>
    /// Why not by all of them: if the bucket was full at some time since, then without these units it would have been full no less,
    /// and what was used afterwards would owe as much as it does. The state does not say whether it was full, so what may have been
    /// refilled once is not given back a second time. Giving back the whole would let a caller use a full bucket, wait, use it
    /// again, give the first use back, and so use two bursts at one instant (UncountTests).
    /// </para>
    /// </summary>
    public static long Uncount(CounterShape shape, Span<long> c, long units, long countedNs, long nowNs)
    {
        long refilled = Fraction.DivideUp(Math.Max(0, nowNs - countedNs), shape.RefillParts, shape.RefillNs);
        long given = Math.Min(units - refilled, Used(shape, c, nowNs));
        if (given <= 0)
        {
            return 0;
        }
        (long backNs, long backParts) = Fraction.Divide(given, shape.RefillNs, shape.RefillParts);
        long ns = c[0] - Math.Min(backNs, DebtNsMax);
        long parts = c[1] - backParts;
        if (parts < 0)
        {
            parts += shape.RefillParts;
            ns--;
        }
        (c[0], c[1]) = ns < nowNs ? (nowNs, 0) : (ns, parts);
        return given;
    }

    public static long Used(CounterShape shape, ReadOnlySpan<long> c, long nowNs)
    {
        long debtNs = c[0] - nowNs;
        if (debtNs < 0)
        {
            return 0;
        }
        // (debtNs + parts / RefillParts) × RefillParts / RefillNs, rounded up. A clock that stepped back by decades must not wrap it.
        (long units, long rest) = Fraction.Divide(debtNs, shape.RefillParts, shape.RefillNs);
        return Math.Min(units, long.MaxValue / 2) + ((rest + c[1] + shape.RefillNs - 1) / shape.RefillNs);
    }

    public static long ResetNs(ReadOnlySpan<long> c, long nowNs)
    {
        long debtNs = c[0] - nowNs;
        return debtNs < 0 ? 0 : debtNs + (c[1] > 0 ? 1 : 0);
    }
}
