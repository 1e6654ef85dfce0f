using Quota.Silo.Journal;

namespace Quota.Simulator;

/// <summary>A journal whose sync takes simulated time. What is appended is in memory; a crash keeps what was synced, and perhaps some of what follows.</summary>
internal sealed class SimJournal(World world, Process process, SimDisk disk, bool answersEarly) : IJournal
{
    private readonly List<(long Position, TaskCompletionSource<bool> Waiter)> _waiters = [];
    private long _durable;
    private bool _isSyncing;

    public JournalStatus Status => JournalStatus.Running;

    public long AppendedPosition { get; private set; }

    public long ActiveSegment => disk.Segment;

    public long RetainedBytes => 0;

    /// <summary>Records that a crash may lose.</summary>
    public int Unsynced => (int)(AppendedPosition - _durable);

    public bool TryAppend(ReadOnlySpan<byte> record, out long position)
    {
        disk.Add(record.ToArray());
        position = ++AppendedPosition;
        return true;
    }

    /// <summary>Handed to the operating system: a crash of the process alone would keep it, but here machines crash.</summary>
    public bool EnsureWritten(long position) => true;

    public ValueTask<bool> WaitDurableAsync(long position)
    {
        if (position <= _durable || answersEarly)
        {
            return new(true);
        }
        // Completed on the simulator's thread, and continued there.
        var waiter = new TaskCompletionSource<bool>();
        _waiters.Add((position, waiter));
        Sync();
        return new(waiter.Task);
    }

    public void Release(long segment) => disk.Release(segment);

    public ValueTask DisposeAsync() => default;

    private void Sync()
    {
        if (_isSyncing)
        {
            return;
        }
        _isSyncing = true;
        long upTo = AppendedPosition;
        world.After(world.Chance(0.02) ? world.Between(10_000_000, 300_000_000) : world.Between(50_000, 2_000_000), process, () =>
        {
            _durable = upTo;
            _isSyncing = false;
            (long Position, TaskCompletionSource<bool> Waiter)[] done = [.. _waiters.Where(w => w.Position <= upTo)];
            _waiters.RemoveAll(w => w.Position <= upTo);
            if (_waiters.Count > 0)
            {
                Sync();
            }
            foreach ((long _, TaskCompletionSource<bool> waiter) in done)
            {
                waiter.SetResult(true);
            }
        });
    }
}
