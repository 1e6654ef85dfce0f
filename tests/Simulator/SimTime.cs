namespace Quota.Simulator;

/// <summary>The clocks and timers of one process: the monotonic clock is the true time, the wall clock is off by what the machine's is.</summary>
internal sealed class SimTime(World world, Process process, Machine machine) : TimeProvider
{
    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => world.NowNs;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks((world.NowNs + machine.WallOffsetNs) / 100);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(world, process, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class SimTimer(World world, Process process, Action run) : ITimer
    {
        private long _arming;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            long arming = ++_arming;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                world.After(dueTime.Ticks * 100, process, () => Fire(arming, period));
            }
            return true;
        }

        public void Dispose() => _arming++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Fire(long arming, TimeSpan period)
        {
            if (arming != _arming)
            {
                return;
            }
            if (period > TimeSpan.Zero)
            {
                world.After(period.Ticks * 100, process, () => Fire(arming, period));
            }
            run();
        }
    }
}
