using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>
/// The definitions of a cluster as one silo sees them: reads come from its own replica, changes go through the log that all silos
/// share.
/// <para>
/// Safety: a change is made by appending it behind the last record this silo has taken in (<see cref="ChangeLog"/>), so it was judged
/// against everything before it; otherwise the append is lost and the change is judged again. The replica notes the log's record in
/// the transaction that takes in its batch, so that every batch is taken in exactly once, also if the process ends between the append
/// and that transaction: then the batch is taken in like a foreign one. All replicas take in the same batches in the same order from
/// nothing, so their versions and audit sequences are equal. Used under the lock of <see cref="DefinitionService"/>, reads aside.
/// </para>
/// </summary>
internal sealed class DefinitionReplica(IReplicaStore local, ChangeLog log) : IDefinitionStore
{
    private long _tail;
    private long _applied;
    private bool _isOpen;

    /// <summary>What requests read; set when it is loaded, and from then on kept in step.</summary>
    public CatalogWriter? Catalog { get; set; }

    /// <summary>The last record of the log that the replica holds.</summary>
    public long Applied => Volatile.Read(ref _applied);

    /// <summary>The file that the cluster adopted last.</summary>
    public FileMark? Adopted { get; private set; }

    /// <summary>Takes in everything that others have appended.</summary>
    /// <exception cref="StoreException">The log or the replica cannot be read or written, or the log holds what this build cannot read.</exception>
    public async ValueTask CatchUpAsync(CancellationToken cancellation)
    {
        if (!_isOpen)
        {
            ReplicaPosition position = await local.PositionAsync(cancellation).ConfigureAwait(false);
            (_applied, Adopted, _isOpen) = (position.Applied, position.Adopted, true);
        }
        bool isEnd;
        do
        {
            (IReadOnlyList<LoggedBatch> batches, _tail, isEnd) = await log.ReadAsync(_applied, cancellation).ConfigureAwait(false);
            if (batches.Count > 0)
            {
                await FollowAsync(batches, cancellation).ConfigureAwait(false);
            }
        }
        while (!isEnd);
    }

    /// <summary>Notes which file the cluster has adopted.</summary>
    /// <returns>False: others have changed definitions meanwhile.</returns>
    public async ValueTask<bool> AdoptAsync(FileMark mark) => await AppendAsync(new ChangeBatch { Adopted = mark }).ConfigureAwait(false) is not null;

    public ValueTask<StoredDefinition?> LoadAsync(DefinitionId id, CancellationToken cancellation) => local.LoadAsync(id, cancellation);

    public ValueTask<IReadOnlyList<StoredDefinition>> ScanAsync(DefinitionId after, bool isOneNamespace, int limit, CancellationToken cancellation) =>
        local.ScanAsync(after, isOneNamespace, limit, cancellation);

    public ValueTask<IReadOnlyList<StoredDefinition>> ScanFileAsync(DefinitionId after, int limit, CancellationToken cancellation) =>
        local.ScanFileAsync(after, limit, cancellation);

    public ValueTask<IReadOnlyList<StoredAudit>> ScanAuditAsync(long after, AuditFilter filter, int limit, CancellationToken cancellation) =>
        local.ScanAuditAsync(after, filter, limit, cancellation);

    public async ValueTask<long[]?> ApplyAsync(IReadOnlyList<DefinitionWrite> writes, CancellationToken cancellation) =>
        await AppendAsync(new ChangeBatch { Writes = writes }).ConfigureAwait(false) is { } result ? [.. result.Versions] : null;

    public async ValueTask<bool> BeginErasureAsync(DefinitionId key, string pseudonym, long atMs, string actor, CancellationToken cancellation) =>
        await AppendAsync(new ChangeBatch { Begin = new ErasureBegin(key, pseudonym, atMs, actor, []) }).ConfigureAwait(false) is not null;

    /// <summary>Has the log forget the name, then notes that the erasure is complete. May be repeated.</summary>
    public async ValueTask EndErasureAsync(DefinitionId key, CancellationToken cancellation)
    {
        if (await local.LoadAsync(key with { Kind = DefinitionKind.Erasure }, cancellation).ConfigureAwait(false) is not { } pending)
        {
            return;
        }
        string pseudonym = System.Text.Encoding.UTF8.GetString(pending.Content.Span);
        IReadOnlyList<long> records = await local.RecordsNamingAsync(key.Namespace, pseudonym, cancellation).ConfigureAwait(false);
        await new LogErasure(log, key, pseudonym, records).RunAsync(cancellation).ConfigureAwait(false);
        for (int attempt = 0; await AppendAsync(new ChangeBatch { End = new ErasureEnd(key.Namespace, pseudonym) }).ConfigureAwait(false) is null; attempt++)
        {
            if (attempt == Bounds.ChangeAttemptsMax)
            {
                throw new StoreException("other silos change definitions all the time");
            }
            await CatchUpAsync(cancellation).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => local.DisposeAsync();

    private async ValueTask<FollowResult?> AppendAsync(ChangeBatch batch)
    {
        Invariant.Check(_isOpen);
        if (await log.TryAppendAsync(_tail, batch).ConfigureAwait(false) is not { } appended)
        {
            return null;
        }
        // If this fails, the log holds what was asked for and the replica is behind: the next look takes it in.
        FollowResult result = await local.FollowAsync([new FollowedBatch(appended, [])]).ConfigureAwait(false);
        Advance(appended);
        return result;
    }

    private async ValueTask FollowAsync(IReadOnlyList<LoggedBatch> batches, CancellationToken cancellation)
    {
        // What this build cannot read is noticed before the replica has taken it in.
        List<ReplicaChange>? changes = Catalog is null ? null : [.. batches.Select(b => new ReplicaChange(b.Batch))];
        var followed = new List<FollowedBatch>(batches.Count);
        foreach (LoggedBatch batch in batches)
        {
            followed.Add(new FollowedBatch(batch, await RewrittenAsync(batch, cancellation).ConfigureAwait(false)));
        }
        FollowResult result = await local.FollowAsync(followed).ConfigureAwait(false);
        foreach (LoggedBatch batch in batches)
        {
            Advance(batch);
        }
        foreach (ReplicaChange change in changes ?? [])
        {
            change.PutInForce(Catalog!);
        }
        ReplicaChange.Forget(Catalog, result.Forgotten);
    }

    private async ValueTask<IReadOnlyList<LoggedBatch>> RewrittenAsync(LoggedBatch batch, CancellationToken cancellation)
    {
        var rewritten = new List<LoggedBatch>();
        foreach (long record in batch.Batch.Begin?.Rewritten ?? [])
        {
            if (record < batch.First)
            {
                rewritten.Add(await log.ReadOneAsync(record, cancellation).ConfigureAwait(false));
            }
        }
        return rewritten;
    }

    private void Advance(LoggedBatch batch)
    {
        Volatile.Write(ref _applied, batch.Last);
        _tail = Math.Max(_tail, batch.Last);
        Adopted = batch.Batch.Adopted ?? Adopted;
    }
}
