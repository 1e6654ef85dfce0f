namespace Quota.Silo.Store;

/// <summary>
/// What a store was asked since it was opened; the answer to "how many store operations does a decision cost". Each count only
/// grows. Safe for concurrent use: every count is one interlocked number, and no two are promised to be of the same instant.
/// </summary>
public sealed class StoreCounters
{
    private long _reads;
    private long _writes;
    private long _transactions;
    private long _retries;
    private long _throttles;
    private long _unknowns;

    /// <summary>Requests that only read: a load, a page of a scan, a layout, a number.</summary>
    public long Reads => Interlocked.Read(ref _reads);

    /// <summary>Requests that write one item or row.</summary>
    public long Writes => Interlocked.Read(ref _writes);

    /// <summary>Requests that write several, all or nothing.</summary>
    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Requests of the three kinds that were sent again, for whatever reason; they are counted there as well.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>Answers that the store has no capacity, or that another transaction is at the same items.</summary>
    public long Throttles => Interlocked.Read(ref _throttles);

    /// <summary>Writes whose answer was lost, so that the store had to be asked whether they happened.</summary>
    public long Unknowns => Interlocked.Read(ref _unknowns);

    internal void CountRead() => Interlocked.Increment(ref _reads);

    internal void CountWrite() => Interlocked.Increment(ref _writes);

    internal void CountTransaction() => Interlocked.Increment(ref _transactions);

    internal void CountRetry() => Interlocked.Increment(ref _retries);

    internal void CountThrottle() => Interlocked.Increment(ref _throttles);

    internal void CountUnknown() => Interlocked.Increment(ref _unknowns);
}
