using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// Records that are accepted and not yet written, and the promise of room that lets them be accepted.
/// <para>
/// Safety. All state is guarded by one lock, held for one copy of a record or for a swap of two references, never for IO. Two
/// batches exist: appenders fill one; the other belongs to the one writer (whoever holds the log's write lock) between
/// <see cref="TryTake"/> and <see cref="Return"/>. Positions are given under the lock, so the order of positions is the order of
/// the bytes.
/// </para>
/// <para>
/// Every accepted record fits on the disk. <c>_roomBytes</c> is what the active and the prepared segments can promise, minus
/// what is promised to records in memory; a record is accepted only if its largest possible share, a frame of its own, is
/// covered. The writer returns the promise together with what was really spent, which is never more (see
/// <see cref="SegmentLog"/>); so the room never becomes negative, and a full disk stops records here, before they exist.
/// </para>
/// </summary>
internal sealed class PendingRecords(int pendingBytesMax)
{
    private readonly Lock _lock = new();
    private PendingBatch _filling = new(pendingBytesMax / 2);
    private PendingBatch? _idle = new(pendingBytesMax / 2);
    private long _position;
    private long _roomBytes;
    private bool _isClosed;
    private bool _isStarved;
    private volatile bool _isFull;

    /// <summary>Whether a record was refused because there is no next segment. Ends with <see cref="AddRoom"/>.</summary>
    public bool IsFull => _isFull;

    /// <summary>The position of the latest record.</summary>
    public long Position
    {
        get
        {
            lock (_lock)
            {
                return _position;
            }
        }
    }

    /// <summary>Records that wait to be written; a glance without the lock, good for a guess only.</summary>
    public int Waiting => Volatile.Read(ref _filling).Records;

    public bool TryAppend(ReadOnlySpan<byte> record, out long position)
    {
        long promised = FrameHeader.AloneBytes(record.Length);
        lock (_lock)
        {
            position = 0;
            if (_isClosed || _isFull || !_filling.HasRoomFor(record.Length))
            {
                return false;
            }
            if (promised > _roomBytes)
            {
                // Without starvation the next segment is on its way: refused, but not full.
                _isFull = _isStarved;
                return false;
            }
            _roomBytes -= promised;
            position = ++_position;
            _filling.Add(record, promised, position);
            return true;
        }
    }

    /// <summary>Takes everything that is pending. Only for the holder of the write lock, who gives it back before taking again.</summary>
    public bool TryTake(out PendingBatch batch)
    {
        lock (_lock)
        {
            batch = _filling;
            if (batch.Records == 0)
            {
                return false;
            }
            Invariant.Check(_idle is not null);
            (_filling, _idle) = (_idle, null);
            return true;
        }
    }

    /// <summary>Gives a written batch back, with the bytes of promised room it used up.</summary>
    public void Return(PendingBatch batch, long spentBytes)
    {
        lock (_lock)
        {
            Invariant.Check(_idle is null && spentBytes <= batch.PromisedBytes);
            _roomBytes += batch.PromisedBytes - spentBytes;
            batch.Clear();
            _idle = batch;
        }
    }

    /// <summary>A segment has been prepared.</summary>
    public void AddRoom(long bytes)
    {
        lock (_lock)
        {
            _roomBytes += bytes;
            _isStarved = false;
            _isFull = false;
        }
    }

    /// <summary>The next segment could not be prepared: from now on, lack of room means full.</summary>
    public void Starve()
    {
        lock (_lock)
        {
            _isStarved = true;
        }
    }

    /// <summary>Takes no more records, for good.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }
}
