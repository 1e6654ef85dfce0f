using Quota.Grains.Usage;
using Quota.Silo.Store;

namespace Quota.Silo.Usage;

/// <summary>What the owner of the keys has in memory, newer than the store: <see cref="UsageScan"/> asks it about every row. Safe for concurrent use.</summary>
public interface IUsageMemory
{
    /// <summary>Raised whenever a block leaves memory. Read before and after, it tells whether a key that is not in memory may have been meanwhile.</summary>
    long Departures { get; }

    /// <summary>A consistent reading of the key, if any of its blocks is in memory; otherwise null: then the store has all of it.</summary>
    /// <exception cref="StoreException">A block that is not in memory cannot be read.</exception>
    ValueTask<KeyUsageState?> TryReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation);

    /// <summary>A consistent reading of the key wherever its blocks are.</summary>
    /// <exception cref="StoreException">A block cannot be read.</exception>
    ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation);

    /// <summary>Units held by the key's open reservations, by unit.</summary>
    IReadOnlyDictionary<string, long> Reserved(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key);
}
