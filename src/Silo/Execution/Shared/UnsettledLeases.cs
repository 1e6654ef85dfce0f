using System.Collections.Frozen;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// The leases on keys' own blocks that were not settled when they were read, by key: what silos may have used of them is not part of
/// the counts yet. Read before the counts, it leaves nothing out: what was used by then is in one of the two, or in both.
/// Immutable once read.
/// </summary>
internal sealed class UnsettledLeases
{
    private readonly Dictionary<byte[], List<LeaseEntry>> _byKey = new(BytesComparer.Instance);

    /// <summary>The leases of one key.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async ValueTask<UnsettledLeases> OfKeyAsync(IGrainStore store, ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, CancellationToken cancellation)
    {
        var leases = new UnsettledLeases();
        await foreach ((byte[] id, StoredGrain book) in store.WalkAsync(GrainId.PrefixOf(GrainId.LeaseRecord, owner.Span, key.Span), cancellation).ConfigureAwait(false))
        {
            leases.Add(id, book);
        }
        return leases;
    }

    /// <summary>All leases of a namespace; null if there are <paramref name="booksMax"/> books or more.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async ValueTask<UnsettledLeases?> OfNamespaceAsync(IGrainStore store, ReadOnlyMemory<byte> owner, int booksMax, CancellationToken cancellation)
    {
        IReadOnlyList<(byte[] Id, StoredGrain Book)> page = await store.ScanAsync(GrainId.PrefixOf(GrainId.LeaseRecord, owner.Span), ReadOnlyMemory<byte>.Empty, booksMax, cancellation).ConfigureAwait(false);
        if (page.Count >= booksMax)
        {
            return null;
        }
        var leases = new UnsettledLeases();
        foreach ((byte[] id, StoredGrain book) in page)
        {
            leases.Add(id, book);
        }
        return leases;
    }

    /// <summary>The leases of some keys, and perhaps of others that lie between them.</summary>
    /// <param name="store">Read from.</param>
    /// <param name="owner">The namespace.</param>
    /// <param name="keys">Ascending.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async ValueTask<UnsettledLeases> OfKeysAsync(IGrainStore store, ReadOnlyMemory<byte> owner, IEnumerable<ReadOnlyMemory<byte>> keys, CancellationToken cancellation)
    {
        var leases = new UnsettledLeases();
        // The ids of books are in the order of the keys' lengths: one walk per length.
        foreach (IGrouping<int, ReadOnlyMemory<byte>> group in keys.GroupBy(k => k.Length))
        {
            byte[] first = GrainId.PrefixOf(GrainId.LeaseRecord, owner.Span, group.First().Span);
            byte[] last = GrainId.PrefixOf(GrainId.LeaseRecord, owner.Span, group.Last().Span);
            byte[] prefix = first[..^group.Key];
            await foreach ((byte[] id, StoredGrain book) in store.WalkAsync(prefix, cancellation, JustBefore(first, prefix.Length)).ConfigureAwait(false))
            {
                if (!id.AsSpan().StartsWith(last) && id.AsSpan().SequenceCompareTo(last) > 0)
                {
                    break;
                }
                leases.Add(id, book);
            }
        }
        return leases;
    }

    /// <summary>Units that may have been used of a key's leases in a month, by unit.</summary>
    /// <param name="keyId">Id of the key's own block.</param>
    /// <param name="month">Which month.</param>
    /// <param name="record">Its record, if there is one: it says when it begins and ends.</param>
    public IReadOnlyDictionary<string, long> Units(byte[] keyId, MonthLabel month, UsageMonth? record)
    {
        if (!_byKey.TryGetValue(keyId, out List<LeaseEntry>? leases))
        {
            return FrozenDictionary<string, long>.Empty;
        }
        var unsettled = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (LeaseEntry lease in leases)
        {
            bool isOfMonth = record is null
                ? BillingModel.Utc.MonthAt(lease.GrantedAt.WallMs) == month
                : lease.GrantedAt.WallMs >= record.StartMs && lease.GrantedAt.WallMs < record.EndMs;
            foreach ((string unit, long units) in isOfMonth ? LostUsage.Units(lease) : [])
            {
                unsettled[unit] = unsettled.GetValueOrDefault(unit) + units;
            }
        }
        return unsettled;
    }

    private void Add(byte[] bookId, StoredGrain book)
    {
        if (!LeaseBook.TryDecode(book.State, out List<LeaseEntry> leases))
        {
            throw new StoreException("the store holds leases that this build cannot read");
        }
        byte[] blockId = LeaseBook.BlockIdOf(bookId);
        if (blockId[0] == GrainId.KeyBlock)
        {
            _byKey[blockId] = leases;
        }
    }

    /// <summary>An id before <paramref name="id"/> and not far from it, with the same prefix.</summary>
    private static byte[] JustBefore(byte[] id, int prefixLength)
    {
        if (id.Length == prefixLength)
        {
            return [];
        }
        byte last = id[^1];
        return last == 0 ? id[..^1] : [.. id[..^1], (byte)(last - 1)];
    }
}
