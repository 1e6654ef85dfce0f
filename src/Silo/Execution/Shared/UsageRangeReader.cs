using Quota.Grains.Usage;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>Reads what a scan of usage needs of a namespace, range by range, in few and large reads. Belongs to one scan.</summary>
/// <param name="store">Read from.</param>
/// <param name="owner">The namespace.</param>
/// <param name="month">Which month.</param>
internal sealed class UsageRangeReader(IGrainStore store, ReadOnlyMemory<byte> owner, MonthLabel month)
{
    private readonly byte[] _monthPrefix = GrainId.MonthPrefix(owner.Span, month);
    private readonly byte[] _nextPrefix = GrainId.MonthPrefix(owner.Span, month.Next);
    private readonly byte[] _keyPrefix = GrainId.KeyPrefix(owner.Span);
    private UnsettledLeases? _leases;
    private bool _isBegun;
    private bool _isFollowed;

    /// <summary>Lease books that are read at once for the whole namespace; where there are as many, they are read range by range.</summary>
    public int BooksMax { get; init; } = IGrainStore.SaveBatchMax;

    /// <summary>Reads the keys after one, at most <paramref name="rows"/> records and as many blocks.</summary>
    /// <param name="after">Begin after this key; null for the first.</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask<UsageRange> ReadAsync(byte[]? after, int rows, CancellationToken cancellation)
    {
        if (!_isBegun)
        {
            _leases = await UnsettledLeases.OfNamespaceAsync(store, owner, BooksMax, cancellation).ConfigureAwait(false);
            _isFollowed = (await store.ScanAsync(_nextPrefix, Id(_nextPrefix, after), 1, cancellation).ConfigureAwait(false)).Count > 0;
            _isBegun = true;
        }
        // 1. The leases, before anything they are settled into; for those of some keys one has to know the keys.
        UnsettledLeases leases = _leases ?? await LeasesAsync(after, rows, cancellation).ConfigureAwait(false);
        // 2. The records and the blocks, as far as both are known.
        (List<(byte[] Key, StoredGrain Grain)> months, byte[]? monthsEnd) = await PageAsync(_monthPrefix, after, rows, cancellation).ConfigureAwait(false);
        (List<(byte[] Key, StoredGrain Grain)> blocks, byte[]? blocksEnd) = await PageAsync(_keyPrefix, after, rows, cancellation).ConfigureAwait(false);
        byte[]? end = Lower(monthsEnd, blocksEnd);
        // 3. Whether a month has one after it, where that can matter.
        Dictionary<byte[], StoredGrain> followed = _isFollowed ? await FollowedAsync(after, end, cancellation).ConfigureAwait(false) : [];
        // 4. The records again.
        (List<(byte[] Key, StoredGrain Grain)> again, byte[]? againEnd) = await PageAsync(_monthPrefix, after, rows, cancellation).ConfigureAwait(false);
        end = Lower(end, againEnd);
        return new UsageRange(leases, Until(months, end), Until(blocks, end), followed, Until(again, end), end is null);
    }

    private async ValueTask<UnsettledLeases> LeasesAsync(byte[]? after, int rows, CancellationToken cancellation)
    {
        (List<(byte[] Key, StoredGrain Grain)> page, _) = await PageAsync(_keyPrefix, after, rows, cancellation).ConfigureAwait(false);
        return await UnsettledLeases.OfKeysAsync(store, owner, page.Select(row => (ReadOnlyMemory<byte>)row.Key), cancellation).ConfigureAwait(false);
    }

    private async ValueTask<Dictionary<byte[], StoredGrain>> FollowedAsync(byte[]? after, byte[]? end, CancellationToken cancellation)
    {
        var followed = new Dictionary<byte[], StoredGrain>(BytesComparer.Instance);
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync(_nextPrefix, cancellation, Id(_nextPrefix, after)).ConfigureAwait(false))
        {
            byte[] key = id[_nextPrefix.Length..];
            if (end is not null && BytesComparer.Order.Compare(key, end) > 0)
            {
                break;
            }
            followed[key] = grain with { State = default };
        }
        return followed;
    }

    /// <summary>A page of the blocks of a prefix, and the last key that it is known for; null if no key follows.</summary>
    private async ValueTask<(List<(byte[] Key, StoredGrain Grain)> Rows, byte[]? End)> PageAsync(byte[] prefix, byte[]? after, int rows, CancellationToken cancellation)
    {
        IReadOnlyList<(byte[] Id, StoredGrain Grain)> page = await store.ScanAsync(prefix, Id(prefix, after), rows, cancellation).ConfigureAwait(false);
        List<(byte[] Key, StoredGrain Grain)> keyed = [.. page.Select(row => (row.Id[prefix.Length..], row.Grain))];
        return (keyed, page.Count < rows ? null : keyed[^1].Key);
    }

    private static byte[] Id(byte[] prefix, byte[]? key) => key is null ? [] : [.. prefix, .. key];

    private static byte[]? Lower(byte[]? x, byte[]? y) => x is null ? y : y is null ? x : BytesComparer.Order.Compare(x, y) <= 0 ? x : y;

    private static Dictionary<byte[], StoredGrain> Until(List<(byte[] Key, StoredGrain Grain)> rows, byte[]? end) =>
        new(rows.Where(row => end is null || BytesComparer.Order.Compare(row.Key, end) <= 0).Select(row => KeyValuePair.Create(row.Key, row.Grain)), BytesComparer.Instance);
}
