using System.Numerics;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Silo.Tests.Replay;

/// <summary>
/// One limit by its definition: a list of everything it accepted, summed anew for every question. Knows the numbers of the
/// limit, not the code that counts in production.
/// </summary>
internal sealed class NaiveLimiter(LimitModel limit)
{
    private readonly List<(long Ms, long Cost)> _accepted = [];

    public bool HasRoom(long nowMs, long cost)
    {
        long asked = Math.Max(1, cost);
        if (asked > limit.Capacity)
        {
            return false;
        }
        return limit.Shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => Sliding(nowMs) + asked <= limit.Capacity,
            LimitAlgorithm.Weighted => Weighted(nowMs) + asked <= limit.Capacity,
            LimitAlgorithm.FixedWindow => Sum(a => Ns(a.Ms) / limit.Shape.PeriodNs == Ns(nowMs) / limit.Shape.PeriodNs) + asked <= limit.Capacity,
            LimitAlgorithm.TokenBucket => TokensFit(nowMs, asked),
            LimitAlgorithm.Calendar => Sum(a => SamePeriod(a.Ms, nowMs)) + asked <= limit.Capacity,
            _ => throw new InvalidOperationException(),
        };
    }

    public void Accept(long nowMs, long cost) => _accepted.Add((nowMs, cost));

    private static BigInteger Ns(long ms) => (BigInteger)ms * 1_000_000;

    private static BigInteger CeilDivide(BigInteger value, BigInteger by) => (value + by - 1) / by;

    private BigInteger Sum(Func<(long Ms, long Cost), bool> counts) => _accepted.Where(counts).Aggregate(BigInteger.Zero, (sum, a) => sum + a.Cost);

    /// <summary>A bucket counts fully until it has wholly left the window.</summary>
    private BigInteger Sliding(long nowMs)
    {
        BigInteger width = CeilDivide(limit.Shape.PeriodNs, limit.Shape.Buckets);
        BigInteger oldest = (Ns(nowMs) / width) - limit.Shape.Buckets;
        return Sum(a => Ns(a.Ms) / width >= oldest);
    }

    /// <summary>The window before counts by the share that a sliding window still overlaps.</summary>
    private BigInteger Weighted(long nowMs)
    {
        BigInteger period = limit.Shape.PeriodNs;
        BigInteger window = Ns(nowMs) / period;
        BigInteger overlap = ((window + 1) * period) - Ns(nowMs);
        return Sum(a => Ns(a.Ms) / period == window) + CeilDivide(Sum(a => Ns(a.Ms) / period == window - 1) * overlap, period);
    }

    /// <summary>
    /// The instant at which the bucket is full again, moved by everything accepted, stays within the burst. Times are multiplied
    /// by the refilled amount, so that they are whole numbers.
    /// </summary>
    private bool TokensFit(long nowMs, long cost)
    {
        BigInteger refill = limit.Shape.RefillAmount;
        BigInteger period = limit.Shape.PeriodNs;
        BigInteger fullAt = 0;
        foreach ((long ms, long accepted) in _accepted)
        {
            fullAt = BigInteger.Max(fullAt, Ns(ms) * refill) + (accepted * period);
        }
        BigInteger now = Ns(nowMs) * refill;
        return BigInteger.Max(fullAt, now) + (cost * period) - now <= limit.Shape.Burst * period;
    }

    /// <summary>Months that begin on the 1st, and days: all that the test's plan has.</summary>
    private bool SamePeriod(long aMs, long bMs)
    {
        CalendarRule rule = limit.Shape.Calendar!;
        Assert.Equal(1, rule.AnchorDay);
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(rule.ZoneId);
        DateTime a = TimeZoneInfo.ConvertTimeFromUtc(DateTime.UnixEpoch.AddMilliseconds(aMs), zone);
        DateTime b = TimeZoneInfo.ConvertTimeFromUtc(DateTime.UnixEpoch.AddMilliseconds(bMs), zone);
        return rule.Unit switch
        {
            CalendarUnit.Day => a.Date == b.Date,
            CalendarUnit.Month => (a.Year, a.Month) == (b.Year, b.Month),
            _ => throw new InvalidOperationException(),
        };
    }
}
