using System.Collections.Concurrent;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// Works on batches: 1. brings the blocks, from the cache or the store; 2. runs the steps on copies of them; 3. commits what has
/// changed, under the condition that nobody else has changed it; 4. answers.
/// <para>
/// Safety. Nobody is answered before the commit that holds what he is told has completed; a commit holds all steps of the batch or
/// none. If another silo was faster, nothing has happened: the blocks are read again and the steps run again on them. If it is
/// not known whether a commit happened, the steps fail: what they counted may be counted, but nobody was told so; a caller who
/// repeats with a request id is answered by what the store then holds. A refusal changes nothing and so has no commit that would
/// find an old copy out; therefore a batch that refused anything on copies from the cache is run again on fresh ones. What it
/// only reads beside what it writes (the next month of a key, an event's record) may be out of date by as much as the cache.
/// </para>
/// Safe for concurrent use: batches share the cache, the layouts and idle benches, each of which is.
/// </summary>
internal sealed class BatchRunner(IGrainStore store, LayoutRegistry layouts, IClock clock, SharedRuntime runtime, int timeoutMs, Func<Workbench> createBench, LeaseDesk? desk = null, LeaseFront? front = null)
{
    private readonly BlockCache _cache = new(Bounds.StoreCacheBlocksMax);
    private readonly ConcurrentBag<Workbench> _benches = [];
    private readonly ConcurrentDictionary<ulong, bool> _layoutsSaved = new();

    /// <summary>Blocks that one commit holds.</summary>
    public int BlocksMax => store.CommitItemsMax;

    /// <summary>Commits that succeeded.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>Blocks that were read from the store.</summary>
    public long Reads => Interlocked.Read(ref _reads);

    private long _reads;
    private long _commits;

    /// <summary>Forgets its copies of a key's blocks.</summary>
    public void Drop(byte[] keyId) => _cache.DropKey(keyId);

    /// <summary>Works on a batch until every step of it is answered, but for those that need more keys.</summary>
    /// <returns>The steps that need more keys; their keys have been added.</returns>
    public async Task<IReadOnlyCollection<StoreOp>> RunAsync(StoreBatch batch)
    {
        Workbench bench = _benches.TryTake(out Workbench? idle) ? idle : createBench();
        var ops = new List<StoreOp>(batch.Ops);
        var again = new List<StoreOp>();
        ops.RemoveAll(FailIfLate);
        try
        {
            await RunAsync(batch, bench, ops, again).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            DropAll(bench);
            foreach (StoreOp op in ops)
            {
                op.Fail(new StepFault(DecisionStatus.Unavailable, null, e.Message));
            }
        }
        _benches.Add(bench);
        return again;
    }

    /// <summary>
    /// While the store does not answer, batches on a key end one after the other, each only when its time is over: a step that waited behind
    /// them for as long as a call to the store may take is not tried any more, or callers would wait for all of them.
    /// </summary>
    private bool FailIfLate(StoreOp op)
    {
        bool isLate = runtime.Time.GetElapsedTime(op.SubmittedAt).TotalMilliseconds >= timeoutMs;
        if (isLate)
        {
            op.Fail(new StepFault(DecisionStatus.Overloaded, null, $"it waited {timeoutMs} ms behind others for the shared store"));
        }
        return isLate;
    }

    private async Task RunAsync(StoreBatch batch, Workbench bench, List<StoreOp> ops, List<StoreOp> again)
    {
        long start = runtime.Time.GetTimestamp();
        bool isFresh = ops.Exists(op => op.NeedsFresh);
        if (front is not null)
        {
            // A lease may have come while they waited.
            Instant now = clock.Now();
            ops.RemoveAll(op => op is CheckOp check && check.TryDecideAlone(front, now));
        }
        LeaseRound? round = desk is null || ops.Count == 0 ? null : new LeaseRound(desk, ops, BlocksMax, clock.Now());
        bool isKept = false;
        try
        {
            isKept = await RunAsync(batch, bench, ops, again, round, start, isFresh).ConfigureAwait(false);
        }
        finally
        {
            if (!isKept)
            {
                round?.Abandon();
            }
        }
    }

    /// <summary>False if it came to nothing, or was divided.</summary>
    private async Task<bool> RunAsync(StoreBatch batch, Workbench bench, List<StoreOp> ops, List<StoreOp> again, LeaseRound? round, long start, bool isFresh)
    {
        for (int attempt = 0; ops.Count > 0; attempt++)
        {
            if (attempt > 0)
            {
                // Whoever lost a race for so long that its caller is gone is not counted any more.
                ops.RemoveAll(FailIfLate);
            }
            bench.Open(batch.KeyIds, clock.Now());
            await BringAsync(bench, ops.SelectMany(op => op.Predicted).Concat(round?.Books ?? []), isFresh).ConfigureAwait(false);
            await RunLeasesAsync(bench, round is null ? null : round.TryClose, isFresh).ConfigureAwait(false);
            await RunStepsAsync(bench, ops, again, isFresh).ConfigureAwait(false);
            if (!isFresh && ops.Exists(op => op.IsRefused))
            {
                isFresh = true;
                continue;
            }
            await RunLeasesAsync(bench, round is null ? null : round.TryGrant, isFresh).ConfigureAwait(false);
            List<GrainSave> saves = bench.Collect();
            if (saves.Count > BlocksMax)
            {
                await RunAloneAsync(batch, bench, ops, again).ConfigureAwait(false);
                return false;
            }
            if (saves.Count == 0 || await CommitAsync(saves).ConfigureAwait(false))
            {
                Remember(bench, saves);
                bench.Events.AnnounceDeferred(bench.At);
                round?.Install(saves, bench.At);
                ops.ForEach(op => op.Complete());
                return true;
            }
            DropAll(bench);
            if (attempt >= Bounds.StoreAttemptsMax || runtime.Time.GetElapsedTime(start).TotalMilliseconds >= timeoutMs)
            {
                ops.ForEach(op => op.Fail(new StepFault(DecisionStatus.Overloaded, null, "other silos change the key faster than this one can")));
                return false;
            }
            await BackOffAsync(attempt).ConfigureAwait(false);
        }
        return false;
    }

    private async Task RunLeasesAsync(Workbench bench, Func<Workbench, bool>? step, bool isFresh)
    {
        bool isDone = step is null;
        if (step is not null)
        {
            await RunWithBlocksAsync(bench, b => isDone = step(b), isFresh).ConfigureAwait(false);
        }
        if (!isDone)
        {
            throw new StoreException("leases could not be looked after");
        }
    }

    /// <summary>More than one commit holds: every step by itself. A single one that is too large is refused.</summary>
    private async Task RunAloneAsync(StoreBatch batch, Workbench bench, List<StoreOp> ops, List<StoreOp> again)
    {
        if (ops.Count == 1)
        {
            ops[0].Fail(new StepFault(DecisionStatus.InvalidArgument, null, "it would change more counters than one step can keep"));
            return;
        }
        while (ops.Count > 0)
        {
            var one = new List<StoreOp> { ops[0] };
            await RunAsync(batch, bench, one, again).ConfigureAwait(false);
            ops.RemoveAt(0);
        }
    }

    private async Task RunStepsAsync(Workbench bench, List<StoreOp> ops, List<StoreOp> again, bool isFresh)
    {
        for (int i = 0; i < ops.Count; i++)
        {
            if (!await TryRunAsync(bench, ops[i], isFresh).ConfigureAwait(false))
            {
                again.Add(ops[i]);
                ops.RemoveAt(i--);
            }
        }
    }

    /// <summary>Runs a step until it has every block it asks for. False if it needs keys that are not in the batch; they are added to it.</summary>
    private async Task<bool> TryRunAsync(Workbench bench, StoreOp op, bool isFresh)
    {
        await RunWithBlocksAsync(bench, op.Run, isFresh).ConfigureAwait(false);
        op.KeyIds.AddRange(bench.View.ForeignKeys);
        return bench.View.ForeignKeys.Count == 0;
    }

    /// <summary>Runs something until every block it asks for is there, or it asks for one of a key that is not in the batch.</summary>
    private async Task RunWithBlocksAsync(Workbench bench, Action<Workbench> run, bool isFresh)
    {
        for (int reads = 0; ; reads++)
        {
            bench.View.Missing.Clear();
            bench.View.ForeignKeys.Clear();
            run(bench);
            if (bench.View.ForeignKeys.Count > 0 || bench.View.Missing.Count == 0)
            {
                return;
            }
            if (reads == Bounds.StoreReadsMax)
            {
                throw new StoreException("a step asks for more blocks than it may");
            }
            await BringAsync(bench, [.. bench.View.Missing], isFresh).ConfigureAwait(false);
        }
    }

    private async Task BringAsync(Workbench bench, IEnumerable<byte[]> ids, bool isFresh)
    {
        var reads = new List<Task>();
        foreach (byte[] id in ids)
        {
            if (bench.View.Has(id))
            {
                continue;
            }
            if (!isFresh && _cache.TryGet(id, out CachedBlock? block))
            {
                bench.View.Bring(id, block!);
                continue;
            }
            // Until it is here, so that it is not read twice.
            bench.View.Bring(id, new CachedBlock(null));
            reads.Add(ReadAsync(bench, id));
        }
        await Task.WhenAll(reads).ConfigureAwait(false);
    }

    private async Task ReadAsync(Workbench bench, byte[] id)
    {
        Interlocked.Increment(ref _reads);
        StoredGrain? grain = await store.LoadAsync(id, CancellationToken.None).ConfigureAwait(false);
        if (grain is { } found && !layouts.TryFind(found.LayoutId, out _))
        {
            await LoadLayoutsAsync().ConfigureAwait(false);
        }
        bench.View.Bring(id, CachedBlock.Of(layouts, id, grain));
    }

    /// <summary>Takes in the layouts that other silos have made.</summary>
    public async Task LoadLayoutsAsync()
    {
        foreach (byte[] encoded in await store.LoadLayoutsAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (!CounterLayout.TryDecode(encoded, out CounterLayout? layout))
            {
                throw new StoreException("the store holds a counter layout that this build cannot read");
            }
            layouts.Restore(layout);
            _layoutsSaved[layout.Id] = true;
        }
    }

    private async Task<bool> CommitAsync(List<GrainSave> saves)
    {
        foreach (ulong id in saves.Where(s => !s.IsDeletion).Select(s => s.Grain.LayoutId).Distinct())
        {
            if (!_layoutsSaved.ContainsKey(id))
            {
                Invariant.Check(layouts.TryFind(id, out int number));
                await store.SaveLayoutAsync(id, layouts[number].Encoded, CancellationToken.None).ConfigureAwait(false);
                _layoutsSaved[id] = true;
            }
        }
        bool isSaved = await store.CommitAsync(saves, CancellationToken.None).ConfigureAwait(false);
        if (isSaved)
        {
            Interlocked.Increment(ref _commits);
        }
        return isSaved;
    }

    private void Remember(Workbench bench, List<GrainSave> saves)
    {
        foreach ((byte[] id, CachedBlock block) in bench.View.Blocks)
        {
            _cache.Put(id, block);
        }
        foreach (GrainSave save in saves)
        {
            _cache.Put(save.Id.ToArray(), CachedBlock.Of(layouts, save.Id.Span, save.IsDeletion ? null : save.Grain));
        }
    }

    private void DropAll(Workbench bench)
    {
        foreach (byte[] id in bench.View.Blocks.Keys)
        {
            _cache.Drop(id);
        }
    }

    private Task BackOffAsync(int attempt)
    {
        int bound = Math.Min(1 << Math.Min(attempt, 10), Bounds.StoreBackoffMsMax);
        int microseconds;
        lock (runtime.Random)
        {
            microseconds = runtime.Random.Next(bound * 1000);
        }
        return Task.Delay(TimeSpan.FromMicroseconds(microseconds), runtime.Time);
    }
}
