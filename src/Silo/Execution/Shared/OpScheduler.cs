using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// Puts steps into batches: everything that waits for one key is worked on together and saved once.
/// <para>
/// Safe for concurrent use; one lock, held for look-ups. A key is in at most one batch at a time, so steps of this silo never make each
/// other's commits fail. A step waits at the first of its keys that is taken; when that key's batch ends, the steps that waited
/// are put into new batches in the order in which they were asked for. Steps on different keys are not kept waiting for each other,
/// and no step waits for a step that came after it, but for those that share a batch with it.
/// </para>
/// </summary>
/// <param name="start">Starts a batch; called outside the lock, and must not run it on the caller's stack.</param>
/// <param name="blocksMax">Blocks that one commit holds.</param>
internal sealed class OpScheduler(Action<StoreBatch> start, int blocksMax)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<byte[], Lane> _lanes = new(BytesComparer.Instance);
    private long _sequence;
    private int _pending;

    /// <summary>Takes a step. False if too many wait already.</summary>
    public bool TrySubmit(StoreOp op)
    {
        StoreBatch? batch = null;
        lock (_gate)
        {
            if (_pending >= Bounds.StoreOpsMax)
            {
                return false;
            }
            _pending++;
            op.Sequence = _sequence++;
            Place(op, ref batch);
        }
        if (batch is not null)
        {
            start(batch);
        }
        return true;
    }

    /// <summary>A batch has ended.</summary>
    /// <param name="batch">As it was started.</param>
    /// <param name="again">Those of its steps that have to be put into another batch, because they need more keys.</param>
    public void Finish(StoreBatch batch, IReadOnlyCollection<StoreOp> again)
    {
        var waiting = new List<StoreOp>(again);
        var started = new List<StoreBatch>();
        lock (_gate)
        {
            _pending -= batch.Ops.Count - again.Count;
            foreach (byte[] id in batch.KeyIds)
            {
                Invariant.Check(_lanes.Remove(id, out Lane? lane) && lane.Batch == batch);
                waiting.AddRange(lane!.Waiting);
            }
            waiting.Sort((a, b) => a.Sequence.CompareTo(b.Sequence));
            foreach (StoreOp op in waiting)
            {
                StoreBatch? fresh = null;
                Place(op, ref fresh, started);
                if (fresh is not null)
                {
                    started.Add(fresh);
                }
            }
        }
        foreach (StoreBatch next in started)
        {
            start(next);
        }
    }

    /// <summary>Puts a step into a batch that has not started, or into a new one, or makes it wait.</summary>
    private void Place(StoreOp op, ref StoreBatch? fresh, List<StoreBatch>? joinable = null)
    {
        StoreBatch? joined = null;
        foreach (byte[] id in op.KeyIds)
        {
            if (!_lanes.TryGetValue(id, out Lane? lane))
            {
                continue;
            }
            // What waits here already came first.
            if (lane.Waiting.Count > 0 || joinable is null || !joinable.Contains(lane.Batch) || (joined is not null && joined != lane.Batch))
            {
                lane.Waiting.Enqueue(op);
                return;
            }
            joined = lane.Batch;
        }
        if (joined is not null && !joined.TryAdd(op))
        {
            Invariant.Check(_lanes.TryGetValue(op.KeyIds.First(_lanes.ContainsKey), out Lane? full));
            full!.Waiting.Enqueue(op);
            return;
        }
        if (joined is null)
        {
            joined = fresh = new StoreBatch(blocksMax);
            Invariant.Check(joined.TryAdd(op));
        }
        foreach (byte[] id in op.KeyIds)
        {
            _lanes.TryAdd(id, new Lane(joined));
        }
    }

    private sealed class Lane(StoreBatch batch)
    {
        public StoreBatch Batch { get; } = batch;

        public Queue<StoreOp> Waiting { get; } = new();
    }
}
