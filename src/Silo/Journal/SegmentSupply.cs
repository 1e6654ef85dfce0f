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
/// <para>
/// Crash safety. A file gets a segment's name only when its content and header are synced, and the directory is synced before
/// the segment is used; so a file of that name always has a whole header, and no segment that was written can vanish. Segments
/// are removed oldest first. Numbers are never used twice, so bytes of a file's former life never carry its present number.
/// </para>
/// </summary>
internal sealed class SegmentSupply
{
    private readonly Lock _lock = new();
    private readonly JournalOptions _options;
    private readonly PendingRecords _pending;
    private readonly Queue<Segment> _prepared = new();
    private readonly List<RetainedSegment> _retained = [];
    private readonly List<RetainedSegment> _removable = [];
    private long _retainedBytes;
    private long _releaseBefore;
    private long _nextNumber;
    private bool _hasSpare;

    /// <param name="options">Bounds and where.</param>
    /// <param name="pending">Is told about room.</param>
    /// <param name="catalog">What was found.</param>
    /// <param name="keepThrough">Segments up to this number hold the log; files beyond hold nothing.</param>
    public SegmentSupply(JournalOptions options, PendingRecords pending, SegmentCatalog catalog, long keepThrough)
    {
        _options = options;
        _pending = pending;
        _nextNumber = catalog.LastNumber + 1;
        _hasSpare = catalog.HasUsableSpare;
        JournalId = catalog.JournalId;
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

    public ulong JournalId { get; }

    /// <summary>Whether the next segment could not be prepared, and <see cref="Work"/> has to be called again later.</summary>
    public bool IsStarved { get; private set; }

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

    /// <summary>Why the last attempt to prepare a segment failed.</summary>
    public string? Shortage { get; private set; }

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
        bool changed = false;
        while (FirstRemovable() is { } segment)
        {
            string name = SegmentName.Of(segment.Number);
            if (segment.Bytes == _options.SegmentBytes && !_hasSpare)
            {
                _options.Files.Rename(name, SegmentName.Spare);
                _hasSpare = true;
            }
            else
            {
                _options.Files.Delete(name);
            }
            lock (_lock)
            {
                _removable.RemoveAt(0);
            }
            changed = true;
        }
        if (changed)
        {
            _options.Files.SyncDirectory();
        }
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
            Segment segment = _hasSpare ? Recycle() : Make(mayExceedBound);
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

    private Segment Recycle()
    {
        // If this fails, the spare is not tried again: a new file may lie on better ground.
        _hasSpare = false;
        return Dress(_options.Files.Open(SegmentName.Spare), SegmentName.Spare);
    }

    private Segment Make(bool mayExceedBound)
    {
        if (!mayExceedBound && OccupiedBytes() + _options.SegmentBytes > _options.BytesMax)
        {
            throw new IOException($"all segments together may take {_options.BytesMax} bytes");
        }
        return Dress(_options.Files.Create(SegmentName.Unfinished, _options.SegmentBytes), SegmentName.Unfinished);
    }

    /// <summary>Gives a whole file a new header and then its name.</summary>
    private Segment Dress(IJournalFile file, string from)
    {
        try
        {
            long number = _nextNumber++;
            SegmentHeader header = new(
                SegmentHeader.CurrentVersion, JournalId, number, _options.SegmentBytes, _options.Time.GetUtcNow().ToUnixTimeMilliseconds());
            file.Write(header.Encode(), 0);
            file.Sync();
            _options.Files.Rename(from, SegmentName.Of(number));
            _options.Files.SyncDirectory();
            return new Segment(number, _options.SegmentBytes, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private long OccupiedBytes()
    {
        lock (_lock)
        {
            return _retainedBytes + _removable.Sum(s => s.Bytes) + ((_prepared.Count + (_hasSpare ? 1 : 0)) * _options.SegmentBytes);
        }
    }
}
