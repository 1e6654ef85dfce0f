using System.Threading.Channels;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Events;

/// <summary>
/// Which events wait for delivery, and when each is due: a bounded index in memory over the records that the queue keeps. One lane
/// per namespace with one delivery at a time; lanes that are due take turns, and a lane whose target fails pauses, so that one dead
/// target does not hold up the others.
/// <para>
/// Whoever raises an event asks for a place first (<see cref="TryReserve"/>), writes the record, and then adds it with
/// <see cref="Add"/> or gives the place back with <see cref="Release"/>. So a record is pending only if it has a place, and the
/// records on disk are bounded as well.
/// </para>
/// <para>
/// Safety: everything is under one lock, held for a few steps in sorted containers and never while anything else is waited for, so
/// it may be called under the gate of a shard. It calls nothing outside but the signal, whose reader runs on another thread.
/// </para>
/// </summary>
public sealed class EventSchedule
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, EventLane> _lanes = new(StringComparer.Ordinal);
    private readonly SortedSet<EventLane> _ready = new(Comparer<EventLane>.Create((a, b) => a.Place!.Value.CompareTo(b.Place!.Value)));
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _order;
    private int _count;

    /// <summary>Events that have a place.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>When the next event is due, on the window scale; null if none waits.</summary>
    internal long? NextDueNs
    {
        get
        {
            lock (_gate)
            {
                return _ready.Min?.Place!.Value.AtNs;
            }
        }
    }

    /// <summary>
    /// Takes a place for an event that is about to be raised. False if <see cref="Bounds.EventsPendingMax"/>, or
    /// <see cref="Bounds.EventsPendingPerNamespaceMax"/> of this namespace, are taken: the event then goes to the log alone.
    /// </summary>
    public bool TryReserve(string owner)
    {
        lock (_gate)
        {
            if (_count >= Bounds.EventsPendingMax || (_lanes.TryGetValue(owner, out EventLane? lane) && lane.Held >= Bounds.EventsPendingPerNamespaceMax))
            {
                return false;
            }
            Hold(owner);
            return true;
        }
    }

    /// <summary>Gives a reserved place back: the event was not raised after all.</summary>
    public void Release(string owner)
    {
        lock (_gate)
        {
            Drop(_lanes[owner]);
        }
    }

    /// <summary>Puts an event into its reserved place. Its record must be readable from now on.</summary>
    /// <param name="owner">Namespace.</param>
    /// <param name="recordId">Under which the queue keeps the record; not changed by the caller any more.</param>
    /// <param name="nextAttemptNs">When it is due, on the window scale.</param>
    public void Add(string owner, ReadOnlyMemory<byte> recordId, long nextAttemptNs)
    {
        lock (_gate)
        {
            Enqueue(_lanes[owner], new PendingEvent(owner, recordId, nextAttemptNs));
        }
        Signal();
    }

    /// <summary>
    /// Adds an event that was found pending at start. Bounds do not apply: it had its place when it was raised. One whose record
    /// says that it is due in more than <see cref="Bounds.EventRetryMsMax"/> is due then.
    /// </summary>
    /// <param name="owner">Namespace.</param>
    /// <param name="recordId">Under which the queue keeps the record; not changed by the caller any more.</param>
    /// <param name="nextAttemptNs">When it is due, as its record says.</param>
    /// <param name="nowNs">The present, on the window scale.</param>
    public void Restore(string owner, ReadOnlyMemory<byte> recordId, long nextAttemptNs, long nowNs)
    {
        lock (_gate)
        {
            Hold(owner);
            Enqueue(_lanes[owner], new PendingEvent(owner, recordId, Math.Min(nextAttemptNs, nowNs + (Bounds.EventRetryMsMax * 1_000_000L))));
        }
        Signal();
    }

    /// <summary>Takes the event whose turn it is, if one is due; its lane is busy until it is returned.</summary>
    internal bool TryTake(long nowNs, out PendingEvent taken)
    {
        taken = null!;
        lock (_gate)
        {
            if (_ready.Min is not { } lane || lane.Place!.Value.AtNs > nowNs)
            {
                return false;
            }
            taken = lane.Dequeue();
            lane.IsBusy = true;
            lane.TakenAtNs = nowNs;
            lane.Turn = ++_order;
            Place(lane);
            return true;
        }
    }

    /// <summary>Takes back what <see cref="TryTake"/> gave, with what came of it.</summary>
    internal void Return(PendingEvent taken, in DeliveryResult result)
    {
        lock (_gate)
        {
            EventLane lane = _lanes[taken.Namespace];
            Invariant.Check(lane.IsBusy);
            lane.IsBusy = false;
            if (result.IsTargetFailing is bool isFailing)
            {
                lane.Failures = isFailing ? lane.Failures + 1 : 0;
                lane.NotBeforeNs = isFailing ? result.AnsweredAtNs + Math.Max(PauseNs(lane.Failures), result.PauseNs) : 0;
            }
            if (result.Again is { } again)
            {
                Enqueue(lane, again);
            }
            else
            {
                Place(lane);
                Drop(lane);
            }
        }
        Signal();
    }

    /// <summary>Wakes the dispatcher.</summary>
    internal void Signal() => _changes.Writer.TryWrite(true);

    /// <summary>Completes when something may have become due earlier than it was.</summary>
    internal async ValueTask WaitAsync(CancellationToken cancellation) => await _changes.Reader.ReadAsync(cancellation).ConfigureAwait(false);

    /// <summary>The shortest wait after as many failures of one event, so that a pause delays no event that waits alone.</summary>
    private static long PauseNs(int failures) => Math.Min(RetrySchedule.WaitNsMin(failures), Bounds.EventPauseMsMax * 1_000_000L);

    private void Hold(string owner)
    {
        if (!_lanes.TryGetValue(owner, out EventLane? lane))
        {
            lane = new EventLane(owner) { Turn = ++_order };
            _lanes.Add(owner, lane);
        }
        lane.Held++;
        _count++;
    }

    private void Drop(EventLane lane)
    {
        Invariant.Check(lane.Held > 0);
        lane.Held--;
        _count--;
        if (lane.Held == 0)
        {
            _lanes.Remove(lane.Name);
        }
    }

    private void Enqueue(EventLane lane, PendingEvent pending)
    {
        lane.Enqueue(pending, ++_order);
        Place(lane);
    }

    /// <summary>Puts a lane where it belongs now among those that are ready; a busy or empty one is not ready.</summary>
    private void Place(EventLane lane)
    {
        if (lane.Place is not null)
        {
            _ready.Remove(lane);
            lane.Place = null;
        }
        if (!lane.IsBusy && lane.ReadyAtNs is long atNs)
        {
            lane.Place = (atNs, lane.Turn);
            _ready.Add(lane);
        }
    }
}
