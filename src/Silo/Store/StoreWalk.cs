using System.Runtime.CompilerServices;

namespace Quota.Silo.Store;

/// <summary>Walks all blocks under a prefix, in the order of their ids, a page at a time.</summary>
internal static class StoreWalk
{
    /// <summary>The blocks; one that comes or goes meanwhile may or may not be among them.</summary>
    /// <param name="store">Read from.</param>
    /// <param name="prefix">Of the ids.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="from">Begin after this id; null for the first.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async IAsyncEnumerable<(byte[] Id, StoredGrain Grain)> WalkAsync(this IGrainStore store, byte[] prefix, [EnumeratorCancellation] CancellationToken cancellation, byte[]? from = null)
    {
        byte[] after = from ?? [];
        IReadOnlyList<(byte[] Id, StoredGrain Grain)> page;
        do
        {
            page = await store.ScanAsync(prefix, after, IGrainStore.SaveBatchMax, cancellation).ConfigureAwait(false);
            foreach ((byte[] Id, StoredGrain Grain) row in page)
            {
                yield return row;
                after = row.Id;
            }
        }
        while (page.Count == IGrainStore.SaveBatchMax);
    }
}
