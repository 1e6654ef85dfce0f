using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// Has the next segment ready before it is needed, and gets rid of those that were released.
/// <para>
/// Safety. The lists of prepared, retained and removable segments are guarded by one lock, which is never held during IO. All
/// work on files is done by one thread, in <see cref="Work"/>, and only on files nobody else uses: a prepared segment belongs to
/// the log once <see cref="Take"/> hands it out; a segment becomes removable only after the log has settled it. Room is promised
/// (<see cref="PendingRecords.AddRoom"/>) after the segment has been queued, so the log, which only needs what was promised,
/// always finds one.
/// </para>
/// </summary>
internal sealed class SegmentSupply
{
    private readonly Lock _lock = new();
    private readonly JournalOptions _options;
    private readonly PendingRecords _pending;
    private readonly SegmentWorkshop _workshop;
    private readonly Queue<Segment> _prepared = new();
    private readonly List<RetainedSegment> _retained = [];
    private readonly List<RetainedSegment> _removable = [];
    private long _retainedBytes;
    private long _releaseBefore;

    /// <param name="options">Bounds and where.</param>
    /// <param name="pending">Is told about room.</param>
    /// <param name="catalog">What was found.</param>
    /// <param name="keepThrough">Segments up to this number hold the log; files beyond hold nothing.</param>
    public SegmentSupply(JournalOptions options, PendingRecords pending, SegmentCatalog catalog, long keepThrough)
    {
        _options = options;
        _pending = pending;
        _workshop = new SegmentWorkshop(options, catalog);
        foreach (SegmentEntry found in catalog.Segments)
        {
            RetainedSegment segment = new(found.Number, found.FileBytes) { IsSettled = true };
            if (found.Number <= keepThrough)
            {
                _retained.Add(segment);
                _retainedBytes += segment.Bytes;
            }
            else
            {
                _removable.Add(segment);
            }
        }
    }

    public ulong JournalId => _workshop.JournalId;

    /// <summary>Whether the next segment could not be prepared, and <see cref="Work"/> has to be called again later.</summary>
    public bool IsStarved { get; private set; }

    /// <summary>Why the last attempt to prepare a segment failed.</summary>
    public string? Shortage { get; private set; }

    public long RetainedBytes => Volatile.Read(ref _retainedBytes);

    /// <summary>The next segment to write. There is one if no more was written than was promised.</summary>
    public Segment Take()
    {
        lock (_lock)
        {
            Invariant.Check(_prepared.Count > 0);
            Segment segment = _prepared.Dequeue();
            _retained.Add(new RetainedSegment(segment.Number, _options.SegmentBytes));
            _retainedBytes += _options.SegmentBytes;
            return segment;
        }
    }

    /// <summary>The log has left this segment, and it is synced.</summary>
    public void Settle(long number)
    {
        lock (_lock)
        {
            RetainedSegment? segment = _retained.Find(s => s.Number == number);
            Invariant.Check(segment is { IsSettled: false });
            segment.IsSettled = true;
            CollectRemovable();
        }
    }

    /// <summary>All segments before this one may go, now or as soon as they are settled.</summary>
    public void Release(long before)
    {
        lock (_lock)
        {
            Invariant.Check(_retained.Count > 0 && before <= _retained[^1].Number);
            _releaseBefore = Math.Max(_releaseBefore, before);
            CollectRemovable();
        }
    }

    /// <summary>Removes what was released and prepares the next segment if there is none. One thread only.</summary>
    /// <param name="mayExceedBound">At the opening of the journal, which is what can free segments.</param>
    public void Work(bool mayExceedBound)
    {
        try
        {
            RemoveReleased();
        }
        catch (Exception failure) when (JournalHealth.IsIoFailure(failure))
        {
            JournalLog.NotRemoved(_options.Log, _options.Files.Location, failure);
        }
        if (!HasPrepared())
        {
            Prepare(mayExceedBound);
        }
    }

    /// <summary>Closes the files of prepared segments. They stay on the disk and make the next start quicker.</summary>
    public void Close()
    {
        lock (_lock)
        {
            while (_prepared.TryDequeue(out Segment? segment))
            {
                segment.File.Dispose();
            }
        }
    }

    private bool HasPrepared()
    {
        lock (_lock)
        {
            return _prepared.Count > 0;
        }
    }

    private void CollectRemovable()
    {
        while (_retained.Count > 0 && _retained[0] is { IsSettled: true } oldest && oldest.Number < _releaseBefore)
        {
            _retained.RemoveAt(0);
            _retainedBytes -= oldest.Bytes;
            _removable.Add(oldest);
        }
    }

    private void RemoveReleased()
    {
        while (FirstRemovable() is { } segment)
        {
            _workshop.Remove(segment);
            lock (_lock)
            {
                _removable.RemoveAt(0);
            }
        }
        _workshop.SyncRemovals();
    }

    private RetainedSegment? FirstRemovable()
    {
        lock (_lock)
        {
            return _removable.Count == 0 ? null : _removable[0];
        }
    }

    private void Prepare(bool mayExceedBound)
    {
        try
        {
            Segment segment = _workshop.Make(mayExceedBound ? 0 : OccupiedBytes());
            lock (_lock)
            {
                _prepared.Enqueue(segment);
            }
            _pending.AddRoom(_options.PromisedBytes(segment.FreeBytes));
            if (IsStarved)
            {
                IsStarved = false;
                JournalLog.RoomAgain(_options.Log, _options.Files.Location);
            }
        }
        catch (Exception failure) when (JournalHealth.IsIoFailure(failure))
        {
            Shortage = failure.Message;
            _pending.Starve();
            if (!IsStarved)
            {
                IsStarved = true;
                JournalLog.NoNextSegment(_options.Log, _options.Files.Location, failure.Message);
            }
        }
    }

    private long OccupiedBytes()
    {
        lock (_lock)
        {
            return _retainedBytes + _removable.Sum(s => s.Bytes) + (_prepared.Count * _options.SegmentBytes);
        }
    }
}
