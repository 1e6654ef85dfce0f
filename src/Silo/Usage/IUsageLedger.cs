using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Store;

namespace Quota.Silo.Usage;

/// <summary>
/// The port to what keys used, whoever owns the keys. Safe for concurrent use. Members throw <see cref="StoreException"/> if
/// what they need cannot be read.
/// </summary>
public interface IUsageLedger
{
    /// <summary>What a key used in a month, as one consistent reading; empty if nothing is known.</summary>
    ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation);

    /// <summary>Puts an adjustment beside a month, sealed or not; what it answers is durable.</summary>
    /// <param name="owner">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="month">Which month; if it has no record yet, one of <paramref name="billing"/>'s is made.</param>
    /// <param name="billing">The key's calendar.</param>
    /// <param name="adjustment">Within its bounds.</param>
    /// <param name="cancellation">Gives up before anything has changed.</param>
    ValueTask<AdjustResult> AdjustAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, BillingModel billing, UsageAdjustment adjustment, CancellationToken cancellation);

    /// <summary>
    /// Seals a key's month: moves a day of it that still is in the key's block into the record, and ends all counting. A month
    /// without a record, or that is sealed already, stays as it is.
    /// </summary>
    /// <returns>Whether it is sealed (or has no record) now; false if that could not be kept.</returns>
    ValueTask<bool> SealAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation);

    /// <summary>Brings everything counted so far to where <see cref="ScanAsync"/> and <see cref="CountMonthsAsync"/> find it.</summary>
    /// <returns>The instant up to which scans that begin after this are complete, by the wall clock; null if the store cannot be written.</returns>
    ValueTask<long?> CheckpointAsync(CancellationToken cancellation);

    /// <summary>
    /// What the keys of a namespace used in a month, in the order of the keys' bytes, each row a consistent reading of its key. A
    /// key is in it if it has a record of the month or a day in it.
    /// </summary>
    /// <param name="owner">The namespace.</param>
    /// <param name="month">Which month.</param>
    /// <param name="after">Begin after this key; null for the first. (The empty key is the namespace as a whole.)</param>
    /// <param name="limit">Most keys answered.</param>
    /// <param name="cancellation">Gives up between rows.</param>
    ValueTask<UsagePage> ScanAsync(ReadOnlyMemory<byte> owner, MonthLabel month, byte[]? after, int limit, CancellationToken cancellation);

    /// <summary>The months a namespace has records of, ascending. Reads every record, so it takes a while on many.</summary>
    ValueTask<IReadOnlyList<MonthCount>> CountMonthsAsync(ReadOnlyMemory<byte> owner, CancellationToken cancellation);
}
