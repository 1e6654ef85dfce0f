using Quota.Grains;
using Quota.Silo.Time;

namespace Quota.Silo.Tests.Time;

/// <summary>The two scales when the machine's wall clock misbehaves.</summary>
public sealed class SystemClockTests
{
    private const long StartMs = 1_773_144_000_000;
    private readonly FakeTime _time = new();

    [Fact]
    public void Both_scales_start_at_the_wall_clock()
    {
        var clock = new SystemClock(_time);
        Assert.Equal(Instant.FromUnixMs(StartMs), clock.Now());
        _time.Elapse(1_500_000);
        Assert.Equal(new Instant((StartMs * 1_000_000) + 1_500_000, StartMs + 1), clock.Now());
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    [InlineData(400L * 24 * 3600)]
    public void A_step_of_the_wall_clock_moves_the_calendar_and_never_a_window(long seconds)
    {
        var clock = new SystemClock(_time);
        Instant before = clock.Now();
        _time.StepWall(TimeSpan.FromSeconds(seconds));
        _time.Elapse(SystemClock.WallSampleNs);
        Instant after = clock.Now();
        Assert.Equal(SystemClock.WallSampleNs, after.WindowNs - before.WindowNs);
        Assert.Equal((seconds * 1000) + (SystemClock.WallSampleNs / 1_000_000), after.WallMs - before.WallMs);
    }

    [Fact]
    public void A_restart_after_the_wall_clock_stepped_back_goes_on_where_windows_were()
    {
        long latest = (StartMs * 1_000_000) + 7_200_000_000_000;
        var clock = new SystemClock(_time, latest);
        Assert.Equal(latest, clock.Now().WindowNs);
        Assert.Equal(StartMs, clock.Now().WallMs);
        _time.Elapse(10);
        Assert.Equal(latest + 10, clock.Now().WindowNs);
    }

    [Fact]
    public void A_wall_clock_before_1970_is_taken_for_1970()
    {
        _time.StepWall(TimeSpan.FromDays(-400 * 365));
        Assert.Equal(new Instant(0, 0), new SystemClock(_time).Now());
    }

    [Fact]
    public void The_real_clock_never_goes_back_on_the_window_scale()
    {
        var clock = new SystemClock(TimeProvider.System);
        long last = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            long now = clock.Now().WindowNs;
            Assert.True(now >= last);
            last = now;
        }
    }

    private sealed class FakeTime : TimeProvider
    {
        private DateTimeOffset _utc = DateTimeOffset.FromUnixTimeMilliseconds(StartMs);
        private long _timestamp = 12_345;

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => _timestamp;

        public override DateTimeOffset GetUtcNow() => _utc;

        public void Elapse(long ns)
        {
            _timestamp += ns;
            _utc = _utc.AddTicks(ns / 100);
        }

        public void StepWall(TimeSpan step) => _utc += step;
    }
}
