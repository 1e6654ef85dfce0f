using Quota.Contracts;
using Quota.Grains.Calendar;

namespace Quota.Grains.Model;

/// <summary>
/// Everything the bytes of one counter depend on, and nothing else: a counter can be read, counted on and replayed with its
/// shape alone, whatever the configuration has become since. Two equal shapes have interchangeable bytes.
/// </summary>
public sealed record CounterShape
{
    private CounterShape(string limitName, LimitAlgorithm algorithm)
    {
        LimitName = limitName;
        Algorithm = algorithm;
    }

    /// <summary>The limit the counter belongs to: a change of plan keeps the counters of limits that keep their name.</summary>
    public string LimitName { get; }

    public LimitAlgorithm Algorithm { get; }

    /// <summary>Length of the window; 0 for a calendar.</summary>
    public long PeriodNs { get; private init; }

    /// <summary>Buckets of a sliding window; 0 otherwise.</summary>
    public int Buckets { get; private init; }

    /// <summary>Token bucket: units refilled per period; 0 otherwise.</summary>
    public long RefillAmount { get; private init; }

    /// <summary>Token bucket: its capacity in units; 0 otherwise.</summary>
    public long Burst { get; private init; }

    /// <summary>Quota: its calendar; null otherwise.</summary>
    public CalendarRule? Calendar { get; private init; }

    /// <summary>Sliding window: width of a bucket in ns, rounded up so that the buckets never cover less than the period.</summary>
    public long BucketWidthNs { get; private init; }

    /// <summary>Token bucket: time the whole burst takes to refill, in ns, rounded down so that it never holds more than the burst.</summary>
    public long BurstNs { get; private init; }

    /// <summary>Bytes of the counter, a multiple of eight.</summary>
    public int SizeBytes => Algorithm switch
    {
        LimitAlgorithm.SlidingWindow => (Buckets + 2) * sizeof(long),
        LimitAlgorithm.Weighted => 3 * sizeof(long),
        LimitAlgorithm.TokenBucket => sizeof(long),
        LimitAlgorithm.FixedWindow => 2 * sizeof(long),
        LimitAlgorithm.Calendar => 3 * sizeof(long),
        _ => throw new InvalidOperationException($"Unknown algorithm {Algorithm}."),
    };

    public static CounterShape SlidingWindow(string limitName, long periodNs, int buckets)
    {
        CheckPeriod(periodNs);
        Invariant.Check(buckets is >= Bounds.BucketsMin and <= Bounds.BucketsMax);
        return new(limitName, LimitAlgorithm.SlidingWindow) { PeriodNs = periodNs, Buckets = buckets, BucketWidthNs = (periodNs + buckets - 1) / buckets };
    }

    public static CounterShape Weighted(string limitName, long periodNs)
    {
        CheckPeriod(periodNs);
        return new(limitName, LimitAlgorithm.Weighted) { PeriodNs = periodNs };
    }

    public static CounterShape FixedWindow(string limitName, long periodNs)
    {
        CheckPeriod(periodNs);
        return new(limitName, LimitAlgorithm.FixedWindow) { PeriodNs = periodNs };
    }

    public static CounterShape TokenBucket(string limitName, long refillAmount, long periodNs, long burst)
    {
        CheckPeriod(periodNs);
        Invariant.Check(refillAmount is >= 1 and <= Bounds.AmountMax);
        Invariant.Check(burst is >= 0 and <= Bounds.AmountMax);
        Int128 burstNs = (Int128)burst * periodNs / refillAmount;
        Invariant.Check(burstNs <= BurstNsMax);
        return new(limitName, LimitAlgorithm.TokenBucket) { PeriodNs = periodNs, RefillAmount = refillAmount, Burst = burst, BurstNs = (long)burstNs };
    }

    public static CounterShape ForCalendar(string limitName, CalendarRule calendar) =>
        new(limitName, LimitAlgorithm.Calendar) { Calendar = calendar };

    /// <summary>Longest time a token bucket may take to fill: ten years, so that no arrival time overflows.</summary>
    public const long BurstNsMax = 10 * 366L * 24 * 3600 * 1_000_000_000;

    private static void CheckPeriod(long periodNs) =>
        Invariant.Check(periodNs is >= Bounds.PeriodNsMin and <= Bounds.PeriodNsMax);
}
