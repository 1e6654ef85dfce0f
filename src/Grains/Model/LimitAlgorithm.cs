namespace Quota.Grains.Model;

/// <summary>How a limit counts. APPEND-ONLY: persisted in <see cref="CounterLayout"/> (golden test: CounterLayoutTests).</summary>
public enum LimitAlgorithm : byte
{
    /// <summary>Rate. Buckets that count fully until they have wholly left the window; never admits more than the amount in any window.</summary>
    SlidingWindow = 1,

    /// <summary>Rate. Two fixed windows, the earlier one weighted by its overlap: the usual approximation.</summary>
    Weighted = 2,

    /// <summary>Rate. A bucket of <c>burst</c> units refilled at the rate (GCRA).</summary>
    TokenBucket = 3,

    /// <summary>Rate. Windows aligned to the epoch; admits up to twice the amount across an edge.</summary>
    FixedWindow = 4,

    /// <summary>Quota. Calendar periods in a time zone.</summary>
    Calendar = 5,

    /// <summary>Concurrency. Units held by reservations; time frees nothing.</summary>
    Concurrency = 6,

    /// <summary>Quota. Calendar periods with roll-over of unused units, an offset in the first period, or both.</summary>
    CalendarCarry = 7,

    /// <summary>
    /// In the key's own block: a limit that counts per attribute value. Its counters are in blocks of their own; here it has no
    /// bytes but its row of usage.
    /// </summary>
    PerValue = 8,

    /// <summary>What a silo of a cluster may decide alone of a limit: permits that were counted in advance.</summary>
    Lease = 9,

    /// <summary>Behind the counters of a leased block: which lease it is.</summary>
    LeaseHead = 10,
}
