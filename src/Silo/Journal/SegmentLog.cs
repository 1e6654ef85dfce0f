namespace Quota.Silo.Journal;

/// <summary>
/// Writes pending records and syncs them.
/// <para>
/// Safety. Everything about writing (the <see cref="FrameWriter"/>: active segment, end of the log, unsynced segments) is guarded
/// by the write lock; whoever holds it, the writer thread or a caller of <see cref="EnsureWritten"/>, writes everything that is pending,
/// in order. Syncing happens outside the lock and only in <see cref="Commit"/>, which one thread runs. Commit reads the written
/// position and takes the unsynced segments in one hold of the lock and syncs exactly these, oldest first, so what it publishes
/// as durable was written before its syncs began; a segment written to meanwhile is in the list of the next round.
/// </para>
/// <para>
/// After any failure nothing is written or published again (<see cref="JournalHealth"/>): the durable position stays behind.
/// </para>
/// </summary>
internal sealed class SegmentLog
{
    private readonly Lock _writeLock = new();
    private readonly PendingRecords _pending;
    private readonly SegmentSupply _supply;
    private readonly JournalHealth _health;
    private readonly FrameWriter _writer;
    private readonly List<Segment> _syncing = new(2);
    private long _durableLsn;
    private long _writtenPosition;
    private long _durablePosition;
    private long _activeSegment;

    /// <param name="options">Bounds and where.</param>
    /// <param name="pending">Where records come from.</param>
    /// <param name="supply">Has a prepared segment already.</param>
    /// <param name="health">Shared with the journal.</param>
    /// <param name="endLsn">Where the log so far ends. Everything before is synced.</param>
    public SegmentLog(JournalOptions options, PendingRecords pending, SegmentSupply supply, JournalHealth health, long endLsn)
    {
        _pending = pending;
        _supply = supply;
        _health = health;
        _writer = new FrameWriter(options, supply, endLsn);
        _durableLsn = endLsn;
        _activeSegment = _writer.Active.Number;
    }

    public long ActiveSegment => Volatile.Read(ref _activeSegment);

    public long DurablePosition => Volatile.Read(ref _durablePosition);

    /// <summary>Hands everything up to the position to the operating system: others' records that are pending ride along.</summary>
    public bool EnsureWritten(long position)
    {
        if (Volatile.Read(ref _writtenPosition) >= position)
        {
            return true;
        }
        lock (_writeLock)
        {
            return _writtenPosition >= position || (WritePending() && _writtenPosition >= position);
        }
    }

    /// <summary>Writes and syncs everything that was pending when it was called. False if the journal has failed.</summary>
    public bool Commit()
    {
        long position;
        long end;
        Segment active;
        lock (_writeLock)
        {
            if (!WritePending())
            {
                return false;
            }
            (position, end, active) = (_writtenPosition, _writer.EndLsn, _writer.Active);
            _writer.TakeUnsynced(_syncing);
        }
        foreach (Segment segment in _syncing)
        {
            if (!TrySync(segment))
            {
                return false;
            }
        }
        Volatile.Write(ref _durableLsn, end);
        Volatile.Write(ref _durablePosition, position);
        Settle(active);
        return true;
    }

    /// <summary>Writes a mark (not synced) if the active segment has room for it. Nothing may be pending.</summary>
    public bool WriteMark(FrameKind kind)
    {
        lock (_writeLock)
        {
            try
            {
                return !_health.IsFailed && _writer.TryWriteMark(kind, Volatile.Read(ref _durableLsn));
            }
            catch (Exception failure) when (JournalHealth.IsIoFailure(failure))
            {
                _health.Fail(failure);
                return false;
            }
        }
    }

    /// <summary>Closes the active segment's file. Nothing is written afterwards.</summary>
    public void Close()
    {
        lock (_writeLock)
        {
            _writer.TakeUnsynced(_syncing);
            _syncing.ForEach(segment => segment.File.Dispose());
            _writer.Active.File.Dispose();
        }
    }

    private bool WritePending()
    {
        if (_health.IsFailed)
        {
            return false;
        }
        if (!_pending.TryTake(out PendingBatch batch))
        {
            return true;
        }
        try
        {
            long spent = _writer.WriteBatch(batch, Volatile.Read(ref _durableLsn));
            Volatile.Write(ref _activeSegment, _writer.Active.Number);
            Volatile.Write(ref _writtenPosition, batch.LastPosition);
            _pending.Return(batch, spent);
            return true;
        }
        catch (Exception failure)
        {
            // Even if the program itself is wrong: what the file holds is unknown, so nothing may follow.
            _health.Fail(failure);
            if (!JournalHealth.IsIoFailure(failure))
            {
                throw;
            }
            return false;
        }
    }

    private bool TrySync(Segment segment)
    {
        try
        {
            segment.File.Sync();
            return true;
        }
        catch (Exception failure) when (JournalHealth.IsIoFailure(failure))
        {
            _health.Fail(failure);
            return false;
        }
    }

    /// <summary>Segments that were left and are synced now will not be touched again.</summary>
    private void Settle(Segment active)
    {
        foreach (Segment segment in _syncing)
        {
            if (!ReferenceEquals(segment, active))
            {
                segment.File.Dispose();
                _supply.Settle(segment.Number);
            }
        }
        _syncing.Clear();
    }
}
