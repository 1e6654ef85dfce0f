using System.Diagnostics;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// The journal in a directory of preallocated segments; the format is in docs/DATA_FILE.md.
/// <para>
/// One thread commits, back to back: take the waiters, take the pending records, write them as a frame, sync, publish, complete
/// the waiters on the thread pool; then the same with what arrived meanwhile. A second thread prepares and removes segments.
/// </para>
/// <para>
/// Safety. This class holds no state of its own besides "stopping": appending is safe by <see cref="PendingRecords"/>, writing
/// and syncing by <see cref="SegmentLog"/>, segments by <see cref="SegmentSupply"/>, waiting by <see cref="DurabilityQueue"/>.
/// The order in <see cref="CommitOnce"/> ties them: waiters are taken before records. A waiter is only ever told "true" after
/// the sync that covers its record; after a failure everybody is told "false".
/// A wake-up cannot be missed: a push that finds the queue empty sets the signal, and the committer resets the signal before it
/// takes the queue. Records nobody waits for are found by the timed wait.
/// </para>
/// </summary>
public sealed class FileJournal : IJournal
{
    private readonly JournalOptions _options;
    private readonly PendingRecords _pending;
    private readonly SegmentSupply _supply;
    private readonly SegmentLog _log;
    private readonly JournalHealth _health;
    private readonly IDisposable _held;
    private readonly DurabilityQueue _waiters = new();
    private readonly ManualResetEventSlim _commitSignal = new(false, spinCount: 0);
    private readonly ManualResetEventSlim _supplySignal = new(false, spinCount: 0);
    private readonly TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _supplied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _suppliedFor;
    private int _lastGroup;
    private int _stopping;
    private volatile bool _isClosed;

    internal FileJournal(
        JournalOptions options, PendingRecords pending, SegmentSupply supply, SegmentLog log, JournalHealth health, IDisposable held)
    {
        _options = options;
        _pending = pending;
        _supply = supply;
        _log = log;
        _health = health;
        _held = held;
        if (options.OwnThreads)
        {
            new Thread(CommitUntilStopped) { IsBackground = true, Name = "journal commit" }.Start();
            new Thread(SupplyUntilStopped) { IsBackground = true, Name = "journal segments" }.Start();
        }
    }

    public JournalStatus Status =>
        _health.IsFailed ? JournalStatus.Failed
        : _isClosed ? JournalStatus.Closed
        : _pending.IsFull ? JournalStatus.Full
        : JournalStatus.Running;

    public long AppendedPosition => _pending.Position;

    public long ActiveSegment => _log.ActiveSegment;

    public long RetainedBytes => _supply.RetainedBytes;

    private bool IsStopping => Volatile.Read(ref _stopping) != 0;

    /// <summary>
    /// Opens the journal, or makes it, after handing every record in it to <paramref name="visit"/>. Blocks until done.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static JournalOpening Open(JournalOptions options, JournalRecordVisitor visit) => JournalRecovery.Open(options, visit);

    /// <inheritdoc/>
    /// <param name="record">1 to <see cref="JournalOptions.RecordBytesMax"/> bytes.</param>
    /// <param name="position">From 1; 0 if nothing was appended.</param>
    public bool TryAppend(ReadOnlySpan<byte> record, out long position)
    {
        Invariant.Check(record.Length > 0 && record.Length <= _options.RecordBytesMax);
        return _pending.TryAppend(record, out position);
    }

    public bool EnsureWritten(long position) => _log.EnsureWritten(position);

    /// <inheritdoc/>
    /// <remarks>Continuations run on the thread pool, up to <see cref="Bounds.JournalWaitersPerWorkItem"/> after each other: they must not block.</remarks>
    public ValueTask<bool> WaitDurableAsync(long position)
    {
        if (_log.DurablePosition >= position)
        {
            return new ValueTask<bool>(true);
        }
        if (!_waiters.TryWait(out ValueTask<bool> task, out bool wasEmpty))
        {
            return new ValueTask<bool>(_log.DurablePosition >= position);
        }
        if (wasEmpty)
        {
            _commitSignal.Set();
        }
        return task;
    }

    public void Release(long segment)
    {
        _supply.Release(segment);
        _supplySignal.Set();
    }

    /// <summary>Takes no more records, makes durable what was appended, and marks the journal as closed in an orderly way.</summary>
    public async ValueTask DisposeAsync()
    {
        // First no more records, then the last commit: a record that is appended is one that the last commit finds.
        _pending.Close();
        if (Interlocked.Exchange(ref _stopping, 1) != 0)
        {
            await _committed.Task.ConfigureAwait(false);
            return;
        }
        _supplySignal.Set();
        _commitSignal.Set();
        if (_options.OwnThreads)
        {
            await _supplied.Task.ConfigureAwait(false);
            await _committed.Task.ConfigureAwait(false);
        }
        else
        {
            CommitLast();
        }
        _isClosed = true;
        _log.Close();
        _supply.Close();
        _held.Dispose();
        // The signals are left to the collector: a late caller may still set one, and they hold no handle.
    }

    /// <summary>One group commit. Only the commit thread calls this, or a test that has none.</summary>
    internal void CommitOnce()
    {
        DurabilityWaiter? waiters = _waiters.TakeAll();
        bool isDurable = _log.Commit();
        DurabilityQueue.Complete(waiters, isDurable);
        WakeSupply();
    }

    /// <summary>One round of preparing and removing segments. Only the supply thread calls this, or a test that has none.</summary>
    internal void SupplyOnce() => _supply.Work(mayExceedBound: false);

    private void CommitUntilStopped()
    {
        while (!IsStopping)
        {
            _commitSignal.Wait(Bounds.JournalSyncDelayMs);
            _commitSignal.Reset();
            Gather();
            CommitOnce();
        }
        CommitLast();
    }

    /// <summary>
    /// Under load, gives the callers of the group before a moment to come back with their next record: on few cores, a sync that
    /// carries a fraction of them costs as much as one that carries them all. A lone caller never waits for company.
    /// </summary>
    private void Gather()
    {
        int expected = Math.Min(_pending.Waiting, 1) * _lastGroup * 3 / 4;
        if (expected >= Bounds.JournalGatherRecordsMin)
        {
            long end = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * Bounds.JournalGatherUs / 1_000_000);
            while (_pending.Waiting < expected && Stopwatch.GetTimestamp() < end)
            {
                Thread.Yield();
            }
        }
        _lastGroup = _pending.Waiting;
    }

    private void CommitLast()
    {
        CommitOnce();
        bool isDurable = !_health.IsFailed;
        if (isDurable && _log.WriteMark(FrameKind.Closing))
        {
            _log.Commit();
        }
        DurabilityQueue.Complete(_waiters.Terminate(), isDurable);
        _committed.SetResult();
    }

    private void SupplyUntilStopped()
    {
        while (!IsStopping)
        {
            _supply.Work(mayExceedBound: false);
            _supplySignal.Wait(_supply.IsStarved ? Bounds.JournalPrepareRetryMs : Timeout.Infinite);
            _supplySignal.Reset();
        }
        _supplied.SetResult();
    }

    /// <summary>Wakes the supply thread once for every segment the log has begun.</summary>
    private void WakeSupply()
    {
        long active = _log.ActiveSegment;
        if (_suppliedFor != active)
        {
            _suppliedFor = active;
            _supplySignal.Set();
        }
    }
}
