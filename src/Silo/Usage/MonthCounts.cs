using Quota.Grains.Usage;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Usage;

/// <summary>Counts the month records of a namespace.</summary>
internal static class MonthCounts
{
    /// <inheritdoc cref="IUsageLedger.CountMonthsAsync"/>
    /// <param name="store">Read from.</param>
    /// <param name="owner">The namespace.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async ValueTask<IReadOnlyList<MonthCount>> ReadAsync(IGrainStore store, ReadOnlyMemory<byte> owner, CancellationToken cancellation)
    {
        var counts = new SortedDictionary<MonthLabel, (long Keys, long Sealed)>();
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync(GrainId.MonthsPrefix(owner.Span), cancellation).ConfigureAwait(false))
        {
            cancellation.ThrowIfCancellationRequested();
            if (GrainId.TryReadMonth(id, out MonthLabel month))
            {
                (long keys, long sealedKeys) = counts.GetValueOrDefault(month);
                counts[month] = (keys + 1, sealedKeys + (UsageMonthCodec.IsSealed(grain.State.Span) ? 1 : 0));
            }
        }
        return [.. counts.Select(c => new MonthCount(c.Key, c.Value.Keys, c.Value.Sealed))];
    }
}
