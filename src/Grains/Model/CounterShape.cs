using System.Numerics;
using System.Text;
using Quota.Contracts;
using Quota.Grains.Calendar;

namespace Quota.Grains.Model;

/// <summary>
/// Everything the bytes of one counter depend on, and nothing else: a counter can be read, counted on and replayed with its
/// shape alone, whatever the configuration has become since. Two equal shapes have interchangeable bytes.
/// </summary>
public sealed record CounterShape
{
    /// <summary>The unit of a limit that names none: one per request.</summary>
    public const string Requests = "requests";

    private CounterShape(string limitName, string unit, LimitAlgorithm algorithm, int longs)
    {
        Invariant.Check(Encoding.UTF8.GetByteCount(unit) is >= 1 and <= Bounds.UnitBytesMax);
        LimitName = limitName;
        Unit = unit;
        Algorithm = algorithm;
        SizeBytes = longs * sizeof(long);
    }

    /// <summary>The limit the counter belongs to: a change of plan keeps the counters of limits that keep their name.</summary>
    public string LimitName { get; }

    /// <summary>What the counter counts: 1 to 64 bytes of UTF-8. A limit that counts something else from now on starts anew.</summary>
    public string Unit { get; }

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

    /// <summary>Quota with roll-over or offset: its amount, on which depends what is carried over; 0 otherwise.</summary>
    public long Amount { get; private init; }

    /// <summary>Quota with roll-over: the most units that are carried into a period; 0 otherwise.</summary>
    public long RolloverMax { get; private init; }

    /// <summary>Quota with an offset: units that count as used in the first period; 0 otherwise.</summary>
    public long InitialOffset { get; private init; }

    /// <summary>Sliding window: width of a bucket in ns, rounded up so that the buckets never cover less than the period.</summary>
    public long BucketWidthNs { get; private init; }

    /// <summary>Token bucket: one unit refills in exactly <c>RefillNs / RefillParts</c> ns, a fraction in lowest terms.</summary>
    public long RefillNs { get; private init; }

    /// <inheritdoc cref="RefillNs"/>
    public long RefillParts { get; private init; }

    /// <summary>Token bucket: the whole burst refills in exactly <c>BurstNs + BurstParts / RefillParts</c> ns.</summary>
    public long BurstNs { get; private init; }

    /// <inheritdoc cref="BurstNs"/>
    public long BurstParts { get; private init; }

    /// <summary>Bytes of the counter, a multiple of eight.</summary>
    public int SizeBytes { get; }

    public static CounterShape SlidingWindow(string limitName, long periodNs, int buckets, string unit = Requests)
    {
        CheckPeriod(periodNs);
        Invariant.Check(buckets is >= Bounds.BucketsMin and <= Bounds.BucketsMax);
        return new(limitName, unit, LimitAlgorithm.SlidingWindow, 2 + buckets) { PeriodNs = periodNs, Buckets = buckets, BucketWidthNs = (periodNs + buckets - 1) / buckets };
    }

    /// <summary>The place of a limit whose counters are in blocks of their own.</summary>
    public static CounterShape PerValue(string limitName, string unit = Requests) => new(limitName, unit, LimitAlgorithm.PerValue, 0);

    public static CounterShape Weighted(string limitName, long periodNs, string unit = Requests)
    {
        CheckPeriod(periodNs);
        return new(limitName, unit, LimitAlgorithm.Weighted, 3) { PeriodNs = periodNs };
    }

    public static CounterShape FixedWindow(string limitName, long periodNs, string unit = Requests)
    {
        CheckPeriod(periodNs);
        return new(limitName, unit, LimitAlgorithm.FixedWindow, 2) { PeriodNs = periodNs };
    }

    public static CounterShape TokenBucket(string limitName, long refillAmount, long periodNs, long burst, string unit = Requests)
    {
        CheckPeriod(periodNs);
        Invariant.Check(refillAmount is >= 1 and <= Bounds.AmountMax);
        Invariant.Check(burst is >= 0 and <= Bounds.AmountMax);
        long divisor = (long)BigInteger.GreatestCommonDivisor(periodNs, refillAmount);
        (long refillNs, long refillParts) = (periodNs / divisor, refillAmount / divisor);
        (Int128 burstNs, Int128 burstParts) = Int128.DivRem((Int128)burst * refillNs, refillParts);
        Invariant.Check(burstNs <= BurstNsMax);
        return new(limitName, unit, LimitAlgorithm.TokenBucket, 2)
        {
            PeriodNs = periodNs,
            RefillAmount = refillAmount,
            Burst = burst,
            RefillNs = refillNs,
            RefillParts = refillParts,
            BurstNs = (long)burstNs,
            BurstParts = (long)burstParts,
        };
    }

    public static CounterShape ForCalendar(string limitName, CalendarRule calendar, string unit = Requests) =>
        new(limitName, unit, LimitAlgorithm.Calendar, 3) { Calendar = calendar };

    /// <summary>A quota with roll-over, an offset in its first period, or both; with neither it is a plain one, whose counter is smaller.</summary>
    public static CounterShape ForCalendarCarry(string limitName, CalendarRule calendar, long amount, long rolloverMax, long initialOffset, string unit = Requests)
    {
        Invariant.Check(amount is >= 0 and <= Bounds.AmountMax);
        Invariant.Check(rolloverMax is >= 0 and <= Bounds.AmountMax);
        Invariant.Check(initialOffset is >= 0 and <= Bounds.AmountMax);
        Invariant.Check(rolloverMax > 0 || initialOffset > 0);
        return new(limitName, unit, LimitAlgorithm.CalendarCarry, 4)
        {
            Calendar = calendar,
            Amount = amount,
            RolloverMax = rolloverMax,
            InitialOffset = initialOffset,
        };
    }

    public static CounterShape Concurrency(string limitName, string unit = Requests) => new(limitName, unit, LimitAlgorithm.Concurrency, 1);

    /// <summary>What a silo may decide alone of a limit.</summary>
    public static CounterShape Lease(string limitName, string unit = Requests) => new(limitName, unit, LimitAlgorithm.Lease, Counters.LeaseCounter.Longs);

    /// <summary>Which lease a leased block has.</summary>
    public static CounterShape LeaseHead() => new("", Requests, LimitAlgorithm.LeaseHead, Counters.LeaseHead.Longs);

    /// <summary>Longest time a token bucket may take to fill: ten years, so that no arrival time overflows.</summary>
    public const long BurstNsMax = 10 * 366L * 24 * 3600 * 1_000_000_000;

    private static void CheckPeriod(long periodNs) =>
        Invariant.Check(periodNs is >= Bounds.PeriodNsMin and <= Bounds.PeriodNsMax);
}
