namespace Quota.Silo.Store;

/// <summary>
/// The port to where grains live when nobody works on them. Every implementation passes the same contract suite
/// (tests/Silo.Tests/Store/GrainStoreContract.cs). Safe for concurrent use; a read sees every save that completed before
/// it began. An embedded implementation completes every <see cref="LoadAsync"/> synchronously; the local executor relies on it. Every member throws <see cref="StoreException"/> if
/// the store cannot be reached or has failed.
/// </summary>
public interface IGrainStore : IAsyncDisposable
{
    /// <summary>The block with this id, or null.</summary>
    ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation);

    /// <summary>
    /// Saves (or deletes) every grain whose condition holds and says which did; the others are left as they are. What was saved is
    /// durable when this completes.
    /// </summary>
    /// <param name="saves">At most <see cref="SaveBatchMax"/>, with distinct ids.</param>
    /// <param name="saved">One element per save is set.</param>
    /// <param name="cancellation">Gives up before the transaction commits.</param>
    ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation);

    /// <summary>All blocks whose id starts with <paramref name="prefix"/> (at least the kind's byte), ascending by id, after <paramref name="after"/>; at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Saves (or deletes) every grain if all conditions hold; otherwise nothing has changed. A saved grain has the version that its
    /// <see cref="StoredGrain.Version"/> says, which is above the expected one. What was saved is durable when this completes.
    /// </summary>
    /// <param name="saves">1 to <see cref="CommitItemsMax"/>, with distinct ids; none expects <see cref="GrainSave.AnyVersion"/>.</param>
    /// <param name="cancellation">Gives up before anything is sent.</param>
    /// <returns>Whether all conditions held.</returns>
    /// <exception cref="StoreException">
    /// It is not known whether the grains were saved: the implementation has tried to find out and could not. Whoever goes on reads them again.
    /// </exception>
    ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation);

    /// <summary>
    /// Examines up to <paramref name="limit"/> blocks, going on where the last call ended and round again after the last block, and
    /// deletes those whose <see cref="StoredGrain.ForgetAtNs"/> is before <paramref name="beforeNs"/>; returns how many it deleted.
    /// </summary>
    ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation);

    /// <summary>Every layout ever saved, in its persisted form.</summary>
    ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation);

    /// <summary>Keeps a layout; one that is there already is left as it is. Must precede the first grain that uses it.</summary>
    ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation);

    /// <summary>A named number of the store's owner (for example the latest instant it has seen), or null.</summary>
    ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation);

    /// <summary>Keeps a named number.</summary>
    ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation);

    /// <summary>Most saves of one call: one transaction of a few milliseconds.</summary>
    const int SaveBatchMax = 1024;

    /// <summary>Most saves of one <see cref="CommitAsync"/>: a transaction of DynamoDB has room for 100.</summary>
    const int CommitMax = 96;

    /// <summary>Most saves of one <see cref="CommitAsync"/> of this store: <see cref="CommitMax"/>, unless its server has room for fewer.</summary>
    int CommitItemsMax => CommitMax;
}
