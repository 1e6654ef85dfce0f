using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// Turns pending records into frames, writes them, and syncs them.
/// <para>
/// Safety. Everything about writing (the active segment, the end of the log, the list of unsynced segments) is guarded by the
/// write lock; whoever holds it, the writer thread or a caller of <see cref="EnsureWritten"/>, writes everything that is pending,
/// in order. Syncing happens outside the lock and only in <see cref="Commit"/>, which one thread runs. Commit reads the written
/// position and takes the unsynced segments in one hold of the lock and syncs exactly these, oldest first, so what it publishes
/// as durable was written before its syncs began; a segment written to meanwhile is in the list of the next round.
/// </para>
/// <para>
/// What was promised suffices. A segment with r free bytes promises max(0, r - margin), the margin being the largest frame of
/// one record. A frame of several records is not larger than their frames alone would be, so writing into a segment lowers its
/// promise by at most what the records were promised. The log leaves a segment only when the next record does not fit alone;
/// then r is below the margin and the segment's promise already 0: nothing promised is left behind. By induction the sum of
/// promises of the active and the prepared segments never falls below what records in memory were promised, and
/// <see cref="PendingRecords.Return"/> checks it with every batch.
/// </para>
/// <para>
/// After any failure nothing is written or published again (<see cref="JournalHealth"/>): the durable position stays behind.
/// </para>
/// </summary>
internal sealed class SegmentLog
{
    private readonly Lock _writeLock = new();
    private readonly JournalOptions _options;
    private readonly PendingRecords _pending;
    private readonly SegmentSupply _supply;
    private readonly JournalHealth _health;
    private readonly uint _seed;
    private List<Segment> _unsynced = new(2);
    private List<Segment> _syncing = new(2);
    private Segment _active;
    private long _endLsn;
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
        _options = options;
        _pending = pending;
        _supply = supply;
        _health = health;
        _seed = Crc32C.Seed(supply.JournalId);
        _endLsn = endLsn;
        _durableLsn = endLsn;
        _active = supply.Take();
        _activeSegment = _active.Number;
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
            (position, end, active) = (_writtenPosition, _endLsn, _active);
            (_syncing, _unsynced) = (_unsynced, _syncing);
            foreach (Segment segment in _syncing)
            {
                segment.IsUnsynced = false;
            }
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
        Invariant.Check(kind is FrameKind.Opening or FrameKind.Closing);
        lock (_writeLock)
        {
            if (_health.IsFailed || _active.FreeBytes < FrameHeader.Bytes)
            {
                return false;
            }
            try
            {
                Span<byte> frame = stackalloc byte[FrameHeader.Bytes];
                WriteFrame(frame, kind, records: 0);
                return true;
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
            _active.File.Dispose();
            foreach (Segment segment in _unsynced.Concat(_syncing))
            {
                segment.File.Dispose();
            }
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
            long spent = WriteBatch(batch);
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

    /// <summary>Returns the bytes of promised room that were used up.</summary>
    private long WriteBatch(PendingBatch batch)
    {
        long promised = _options.PromisedBytes(_active.FreeBytes);
        int start = PendingBatch.Start;
        int recordsLeft = batch.Records;
        while (start < batch.End)
        {
            long bytesMax = Math.Min(_options.FrameBytesMax, _active.FreeBytes) - FrameHeader.Bytes;
            (int bytes, int records) = batch.Fit(start, recordsLeft, bytesMax);
            if (records == 0)
            {
                Roll();
                promised += _options.PromisedBytes(_active.FreeBytes);
                continue;
            }
            // The header goes over the last bytes of the frame before, which are written already.
            WriteFrame(batch.Bytes.AsSpan(start - FrameHeader.Bytes, FrameHeader.Bytes + bytes), FrameKind.Records, records);
            start += bytes;
            recordsLeft -= records;
        }
        Invariant.Check(recordsLeft == 0);
        return promised - _options.PromisedBytes(_active.FreeBytes);
    }

    private void WriteFrame(Span<byte> frame, FrameKind kind, int records)
    {
        Invariant.Check(frame.Length <= _active.FreeBytes && _active.Offset % FrameHeader.Alignment == 0);
        FrameHeader header = new(
            frame.Length - FrameHeader.Bytes, Lsn.Of(_active.Number, _active.Offset), _endLsn, Volatile.Read(ref _durableLsn),
            _options.Time.GetUtcNow().ToUnixTimeMilliseconds(), records, kind);
        header.Seal(frame, _seed);
        MarkUnsynced(_active);
        _active.File.Write(frame, _active.Offset);
        _active.Offset = Lsn.Offset(header.End);
        _endLsn = header.End;
    }

    private void Roll()
    {
        Invariant.Check(_active.FreeBytes < _options.MarginBytes);
        // Also if it is synced: the next commit is what tells the supply that it is settled.
        MarkUnsynced(_active);
        _active = _supply.Take();
        Volatile.Write(ref _activeSegment, _active.Number);
    }

    private void MarkUnsynced(Segment segment)
    {
        if (!segment.IsUnsynced)
        {
            segment.IsUnsynced = true;
            _unsynced.Add(segment);
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
