namespace Quota.Silo.Tests.Support;

/// <summary>Clocks and timers that move only when a test moves them. Callbacks run on the thread pool.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _armed = [];
    private readonly List<(TimeSpan Due, TaskCompletionSource Armed)> _awaited = [];
    private long _ns = ManualClock.DefaultStartMs * 1_000_000;

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _ns;
        }
    }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp() / 100);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void AdvanceMs(long ms) => AdvanceNs(ms * 1_000_000);

    public void AdvanceNs(long ns)
    {
        lock (_gate)
        {
            _ns += ns;
            Fire();
        }
    }

    /// <summary>Completes when somebody arms a timer for this time from now; call it before that can happen.</summary>
    public Task WhenArmedAsync(TimeSpan due)
    {
        lock (_gate)
        {
            TaskCompletionSource armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((due, armed));
            return armed.Task;
        }
    }

    private void Fire()
    {
        foreach (ManualTimer timer in _armed.Where(t => t.DueNs <= _ns).ToArray())
        {
            _armed.Remove(timer);
            ThreadPool.QueueUserWorkItem(_ => timer.Run());
        }
    }

    private sealed class ManualTimer(ManualTime time, Action run) : ITimer
    {
        public long DueNs { get; private set; }

        public void Run() => run();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._armed.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    DueNs = time._ns + (dueTime.Ticks * 100);
                    time._armed.Add(this);
                    time.Fire();
                }
                foreach ((TimeSpan _, TaskCompletionSource armed) in time._awaited.Where(a => a.Due == dueTime).ToArray())
                {
                    armed.TrySetResult();
                }
                return true;
            }
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._armed.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
