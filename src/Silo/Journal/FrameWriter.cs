using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// Turns batches of records into frames, and moves on from segment to segment. Not safe for concurrent use: the write lock of
/// <see cref="SegmentLog"/> guards it.
/// <para>
/// What was promised suffices. A segment with r free bytes promises max(0, r - margin), the margin being the largest frame of
/// one record. A frame of several records is not larger than their frames alone would be, so writing into a segment lowers its
/// promise by at most what the records were promised. The log leaves a segment only when the next record does not fit alone;
/// then r is below the margin and the segment's promise already 0: nothing promised is left behind. By induction the sum of
/// promises of the active and the prepared segments never falls below what records in memory were promised, and
/// <see cref="PendingRecords.Return"/> checks it with every batch.
/// </para>
/// </summary>
internal sealed class FrameWriter
{
    private readonly JournalOptions _options;
    private readonly SegmentSupply _supply;
    private readonly uint _seed;
    private readonly List<Segment> _unsynced = new(2);

    /// <param name="options">Bounds.</param>
    /// <param name="supply">Has a prepared segment already.</param>
    /// <param name="endLsn">Where the log so far ends.</param>
    public FrameWriter(JournalOptions options, SegmentSupply supply, long endLsn)
    {
        _options = options;
        _supply = supply;
        _seed = Crc32C.Seed(supply.JournalId);
        EndLsn = endLsn;
        Active = supply.Take();
    }

    /// <summary>The segment being written.</summary>
    public Segment Active { get; private set; }

    /// <summary>Where the last frame ends.</summary>
    public long EndLsn { get; private set; }

    /// <summary>Moves the segments that have to be synced to the list, oldest first.</summary>
    public void TakeUnsynced(List<Segment> segments)
    {
        foreach (Segment segment in _unsynced)
        {
            segment.IsUnsynced = false;
            segments.Add(segment);
        }
        _unsynced.Clear();
    }

    /// <summary>Writes all records. Returns the bytes of promised room that were used up.</summary>
    public long WriteBatch(PendingBatch batch, long durableLsn)
    {
        long promised = _options.PromisedBytes(Active.FreeBytes);
        int start = PendingBatch.Start;
        int recordsLeft = batch.Records;
        while (start < batch.End)
        {
            long bytesMax = Math.Min(_options.FrameBytesMax, Active.FreeBytes) - FrameHeader.Bytes;
            (int bytes, int records) = batch.Fit(start, recordsLeft, bytesMax);
            if (records == 0)
            {
                Roll();
                promised += _options.PromisedBytes(Active.FreeBytes);
                continue;
            }
            // The header goes over the last bytes of the frame before, which are written already.
            WriteFrame(batch.Bytes.AsSpan(start - FrameHeader.Bytes, FrameHeader.Bytes + bytes), FrameKind.Records, records, durableLsn);
            start += bytes;
            recordsLeft -= records;
        }
        Invariant.Check(recordsLeft == 0);
        return promised - _options.PromisedBytes(Active.FreeBytes);
    }

    /// <summary>Writes a frame without records, if the active segment has room for one.</summary>
    public bool TryWriteMark(FrameKind kind, long durableLsn)
    {
        Invariant.Check(kind is FrameKind.Opening or FrameKind.Closing);
        if (Active.FreeBytes < FrameHeader.Bytes)
        {
            return false;
        }
        Span<byte> frame = stackalloc byte[FrameHeader.Bytes];
        WriteFrame(frame, kind, records: 0, durableLsn);
        return true;
    }

    private void WriteFrame(Span<byte> frame, FrameKind kind, int records, long durableLsn)
    {
        Invariant.Check(frame.Length <= Active.FreeBytes && Active.Offset % FrameHeader.Alignment == 0);
        FrameHeader header = new(
            frame.Length - FrameHeader.Bytes, Lsn.Of(Active.Number, Active.Offset), EndLsn, durableLsn,
            _options.Time.GetUtcNow().ToUnixTimeMilliseconds(), records, kind);
        header.Seal(frame, _seed);
        MarkUnsynced(Active);
        Active.File.Write(frame, Active.Offset);
        Active.Offset = Lsn.Offset(header.End);
        EndLsn = header.End;
    }

    private void Roll()
    {
        Invariant.Check(Active.FreeBytes < _options.MarginBytes);
        // Also if it is synced: the next commit is what tells the supply that it is settled.
        MarkUnsynced(Active);
        Active = _supply.Take();
    }

    private void MarkUnsynced(Segment segment)
    {
        if (!segment.IsUnsynced)
        {
            segment.IsUnsynced = true;
            _unsynced.Add(segment);
        }
    }
}
