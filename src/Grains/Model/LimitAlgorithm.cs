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
}
