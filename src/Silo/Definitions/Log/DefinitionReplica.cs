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

    /// <summary>Erasures whose beginning the replica has not come to, ascending; and up to which of them it has redacted what it holds.</summary>
    private readonly List<Redaction> _ahead = [];
    private long _redacted;

    /// <summary>What requests read; set when it is loaded, and from then on kept in step.</summary>
    public CatalogWriter? Catalog { get; set; }

    /// <summary>Told of each key, by namespace and name, that another silo has begun to erase. Must not throw or wait.</summary>
    public Action<string, string>? Erasing { get; set; }

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
        LogPage page;
        do
        {
            page = await log.ReadAsync(_applied, cancellation).ConfigureAwait(false);
            _tail = page.Tail;
            await log.EmptyAsync(page.Dead, cancellation).ConfigureAwait(false);
            if (page.Batches.Count > 0)
            {
                await FollowAsync(page.Batches, cancellation).ConfigureAwait(false);
            }
        }
        while (!page.IsEnd);
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

    /// <summary>The erasures under way. One whose note is gone has been ended by another silo, which this one has not seen yet.</summary>
    public async ValueTask<IReadOnlyList<PendingErasure>> PendingErasuresAsync(CancellationToken cancellation)
    {
        var pending = new List<PendingErasure>();
        foreach (PendingErasure erasure in await local.PendingErasuresAsync(cancellation).ConfigureAwait(false))
        {
            if (await log.Notes.NameAsync(erasure.Namespace, erasure.Pseudonym, cancellation).ConfigureAwait(false) is { } note)
            {
                pending.Add(erasure with { Name = note.Name });
            }
        }
        return pending;
    }

    public async ValueTask<bool> BeginErasureAsync(DefinitionId key, string pseudonym, long atMs, string actor, CancellationToken cancellation)
    {
        IReadOnlyList<NamingEntry> entries = await local.EntriesNamingAsync(key, cancellation).ConfigureAwait(false);
        (long previous, long version) = await log.Notes.HeadAsync(cancellation).ConfigureAwait(false);
        var begin = new ErasureBegin(key.Namespace, pseudonym, atMs, actor, previous, entries);
        return await AppendAsync(new ChangeBatch { Begin = begin }, ErasureNotes.Begin(_tail + 1, version, key.Namespace, pseudonym, key.Name)).ConfigureAwait(false) is not null;
    }

    /// <summary>Has the log forget the name, then notes that the erasure is complete. May be repeated.</summary>
    public async ValueTask EndErasureAsync(PendingErasure erasure, CancellationToken cancellation)
    {
        var id = new DefinitionId(DefinitionKind.Erasure, erasure.Namespace, erasure.Pseudonym);
        for (int attempt = 0; attempt < Bounds.ChangeAttemptsMax; attempt++)
        {
            if (await local.LoadAsync(id, cancellation).ConfigureAwait(false) is not { } pending)
            {
                // Another silo has ended it.
                return;
            }
            if (attempt == 0)
            {
                long record = await local.RecordOfAsync(pending.Version, cancellation).ConfigureAwait(false);
                ErasureBegin? begin = (await log.ReadOneAsync(record, cancellation).ConfigureAwait(false)).Batch.Begin;
                await log.RewriteAsync(new Redaction(record, begin!), cancellation).ConfigureAwait(false);
            }
            if (await log.Notes.NameAsync(erasure.Namespace, erasure.Pseudonym, cancellation).ConfigureAwait(false) is { } note
                && await AppendAsync(new ChangeBatch { End = new ErasureEnd(erasure.Namespace, erasure.Pseudonym) }, ErasureNotes.End(erasure.Namespace, erasure.Pseudonym, note.Version)).ConfigureAwait(false) is not null)
            {
                return;
            }
            await CatchUpAsync(cancellation).ConfigureAwait(false);
        }
        throw new StoreException("other silos change definitions all the time");
    }

    public ValueTask DisposeAsync() => local.DisposeAsync();

    private async ValueTask<FollowResult?> AppendAsync(ChangeBatch batch, params GrainSave[] beside)
    {
        Invariant.Check(_isOpen);
        if (await log.TryAppendAsync(_tail, batch, beside).ConfigureAwait(false) is not { } appended)
        {
            return null;
        }
        // If something fails from here on, the log holds what was asked for and the replica is behind: the next look takes it in.
        await log.EmptyAsync(Overtaken(appended.First), CancellationToken.None).ConfigureAwait(false);
        // Of an erasure that it begins itself the caller takes the key out of the catalog.
        List<Redaction> redactions = batch.Begin is { } begin ? [new Redaction(appended.First, begin)] : [];
        FollowResult result = await local.FollowAsync(redactions, [appended]).ConfigureAwait(false);
        Advance(appended);
        return result;
    }

    /// <summary>What is between the last whole batch and the one that is the next is overtaken.</summary>
    private IEnumerable<long> Overtaken(long next)
    {
        for (long record = _applied + 1; record < next; record++)
        {
            yield return record;
        }
    }

    private async ValueTask FollowAsync(IReadOnlyList<LoggedBatch> read, CancellationToken cancellation)
    {
        await LookAheadAsync(cancellation).ConfigureAwait(false);
        List<LoggedBatch> batches = [.. read.Select(b => _ahead.Aggregate(b, (batch, redaction) => redaction.Apply(batch)))];
        List<Redaction> redactions = [.. _ahead.Where(r => r.Record > _redacted)];
        // What this build cannot read is noticed before the replica has taken it in.
        List<ReplicaChange>? changes = Catalog is null ? null : [.. batches.Select(b => new ReplicaChange(b.Batch))];
        FollowResult result = await local.FollowAsync(redactions, batches).ConfigureAwait(false);
        _redacted = redactions.Count > 0 ? redactions[^1].Record : _redacted;
        foreach (LoggedBatch batch in batches)
        {
            Advance(batch);
        }
        if (Catalog is not null)
        {
            ReplicaChange.Rename(Catalog, result);
        }
        foreach (ReplicaChange change in changes ?? [])
        {
            change.PutInForce(Catalog!);
        }
        foreach (LoggedBatch batch in batches)
        {
            // If the note is gone, the erasure has ended already, and nothing waits for this silo.
            if (batch.Batch.Begin is { } begin && await log.Notes.NameAsync(begin.Namespace, begin.Pseudonym, cancellation).ConfigureAwait(false) is { } note)
            {
                Erasing?.Invoke(begin.Namespace, note.Name);
            }
        }
    }

    /// <summary>Finds the erasures that had begun when the batches were read, but for those that the replica has taken in.</summary>
    private async ValueTask LookAheadAsync(CancellationToken cancellation)
    {
        (long record, _) = await log.Notes.HeadAsync(cancellation).ConfigureAwait(false);
        long known = _ahead.Count > 0 ? _ahead[^1].Record : _applied;
        var found = new Stack<Redaction>();
        while (record > known)
        {
            ErasureBegin? begin = (await log.ReadOneAsync(record, cancellation).ConfigureAwait(false)).Batch.Begin;
            Invariant.Check(begin is not null && begin.Previous < record);
            found.Push(new Redaction(record, begin!));
            record = begin!.Previous;
        }
        _ahead.AddRange(found);
    }

    private void Advance(LoggedBatch batch)
    {
        Volatile.Write(ref _applied, batch.Last);
        _tail = Math.Max(_tail, batch.Last);
        _ahead.RemoveAll(r => r.Record <= batch.First);
        Adopted = batch.Batch.Adopted ?? Adopted;
    }
}
