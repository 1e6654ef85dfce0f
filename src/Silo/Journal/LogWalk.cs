using System.Buffers.Binary;
using Quota.Contracts;

namespace Quota.Silo.Journal;

/// <summary>
/// Replays the frames of a journal in their order, and decides at every place where they stop what that means.
/// <para>
/// 1. Frames follow each other within a segment, up to where a later segment says that the log went on there. Where none
///    follows, at the end X:
/// 2. the latest segment whose first frame says "the frame before me ended at X" is where the log goes on. (The latest, because
///    a process that died before it appended anything leaves a segment without records, which its successor skips: it links to
///    where that segment linked to.)
/// 3. Otherwise some later frame may say "when I was written, everything before D was synced" with D beyond X. Then synced
///    records are missing between X and the next intact frame: a loss. The walk stops, or, if losses are accepted, goes on there.
/// 4. Otherwise what follows X was being written when the machine died, and was never acknowledged: X is the end. That later
///    pieces of it may have reached the disk before earlier ones changes nothing.
/// </para>
/// </summary>
internal sealed class LogWalk
{
    private const int PeekBytes = 4096;

    private readonly JournalOptions _options;
    private readonly SegmentCatalog _catalog;
    private readonly JournalRecordVisitor _visit;
    private readonly uint _seed;
    private readonly byte[] _window = GC.AllocateUninitializedArray<byte>(Bounds.JournalReadBytes);
    private readonly long[] _previousEnds;
    private readonly List<JournalLoss> _losses;
    private int _index;
    private long _end;
    private bool _hasRecords;

    public LogWalk(JournalOptions options, SegmentCatalog catalog, JournalRecordVisitor visit)
    {
        _options = options;
        _catalog = catalog;
        _visit = visit;
        _seed = Crc32C.Seed(catalog.JournalId);
        _losses = [.. catalog.Losses];
        _previousEnds = [.. catalog.Segments.Select(PeekPreviousEnd)];
    }

    /// <summary>Where the next segment's first frame has to say that the log ended.</summary>
    public long LinkLsn { get; private set; }

    public IReadOnlyList<JournalLoss> Losses => _losses;

    public int Segments { get; private set; }

    public long Frames { get; private set; }

    public long Records { get; private set; }

    public long RecordBytes { get; private set; }

    /// <inheritdoc cref="JournalReport.TornBytes"/>
    public long TornBytes { get; private set; }

    public bool IsClean { get; private set; }

    /// <summary>Walks to the end. False if it met a loss that is not accepted.</summary>
    public bool Run()
    {
        if (_catalog.Segments.Count == 0)
        {
            IsClean = true;
            return true;
        }
        LinkLsn = Math.Max(0, _previousEnds[0]);
        _end = Lsn.Of(_catalog.Segments[0].Number, SegmentHeader.Bytes);
        long offset = SegmentHeader.Bytes;
        while (true)
        {
            Replay(offset);                                         // 1
            if (TryFollow())                                        // 2
            {
                offset = SegmentHeader.Bytes;
                continue;
            }
            Gap gap = Gap.Judge(_catalog, _index, _end, Reader, _options.SegmentBytes);
            if (gap.Loss is null)                                   // 4
            {
                LeaveSegment();
                TornBytes = gap.TornBytes;
                IsClean &= gap.TornBytes == 0;
                return true;
            }
            _losses.Add(gap.Loss);                                  // 3
            if (!_options.AcceptLoss)
            {
                return false;
            }
            offset = Resume(gap.Next);
        }
    }

    private void Replay(long offset)
    {
        using SegmentReader reader = Reader(_index);
        long leftAt = LeftAt();
        Segments++;
        while (_end < leftAt && reader.TryRead(offset, out FrameHeader header, out ReadOnlySpan<byte> payload))
        {
            Frames++;
            IsClean = header.Kind == FrameKind.Closing;
            Deliver(header, payload);
            _end = header.End;
            offset = Lsn.Offset(_end);
        }
    }

    /// <summary>Where the log left this segment, as a later one says. Bytes beyond are no part of it, whether they can be read or not.</summary>
    private long LeftAt()
    {
        for (int later = _previousEnds.Length - 1; later > _index; later--)
        {
            if (Lsn.Segment(_previousEnds[later]) == _catalog.Segments[_index].Number)
            {
                return _previousEnds[later];
            }
        }
        return long.MaxValue;
    }

    private void Deliver(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        long lsn = header.Lsn + FrameHeader.Bytes;
        _hasRecords |= !payload.IsEmpty;
        while (!payload.IsEmpty)
        {
            int bytes = BinaryPrimitives.ReadInt32LittleEndian(payload);
            _visit(payload.Slice(FrameHeader.LengthPrefixBytes, bytes), lsn);
            payload = payload[(FrameHeader.LengthPrefixBytes + bytes)..];
            lsn += FrameHeader.LengthPrefixBytes + bytes;
            Records++;
            RecordBytes += bytes;
        }
    }

    private bool TryFollow()
    {
        for (int later = _previousEnds.Length - 1; later > _index; later--)
        {
            if (_previousEnds[later] == _end || (!_hasRecords && _previousEnds[later] == LinkLsn))
            {
                LeaveSegment();
                _index = later;
                _end = Lsn.Of(_catalog.Segments[later].Number, SegmentHeader.Bytes);
                return true;
            }
        }
        return false;
    }

    /// <summary>A segment without records is skipped by the next one, so that silos that start and die leave nothing behind.</summary>
    private void LeaveSegment()
    {
        if (_hasRecords)
        {
            LinkLsn = _end;
            _hasRecords = false;
        }
    }

    private long Resume(FrameHeader next)
    {
        long number = Lsn.Segment(next.Lsn);
        while (_catalog.Segments[_index].Number < number)
        {
            _index++;
        }
        // What was skipped held records: the segment the walk leaves here stays.
        _hasRecords = true;
        _end = next.Lsn;
        return Lsn.Offset(next.Lsn);
    }

    private long PeekPreviousEnd(SegmentEntry segment)
    {
        using SegmentReader reader = new(_options.Files, segment, _seed, _window, PeekBytes);
        return reader.TryRead(SegmentHeader.Bytes, out FrameHeader header, out _) ? header.PreviousEnd : -1;
    }

    private SegmentReader Reader(int index) => new(_options.Files, _catalog.Segments[index], _seed, _window, _window.Length);
}
