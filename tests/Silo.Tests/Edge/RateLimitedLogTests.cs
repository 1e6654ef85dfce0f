using Microsoft.Extensions.Logging;
using Quota.Contracts;
using Quota.Silo.Edge;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

public sealed class RateLimitedLogTests
{
    [Fact]
    public void A_cause_is_repeated_once_per_interval_and_says_what_was_left_out()
    {
        StoppedTime time = new();
        RateLimitedLog log = new(new TestLog().CreateLogger("c"), time);
        Assert.True(log.ShouldLog("a", out _));
        Assert.False(log.ShouldLog("a", out _));
        Assert.False(log.ShouldLog("a", out _));
        Assert.True(log.ShouldLog("b", out _));
        time.Now += TimeSpan.FromMilliseconds(Bounds.LogIntervalMs - 1).Ticks;
        Assert.False(log.ShouldLog("a", out _));
        time.Now += TimeSpan.TicksPerMillisecond;
        Assert.True(log.ShouldLog("a", out long suppressed));
        Assert.Equal(3, suppressed);
    }

    [Fact]
    public void Causes_are_bounded()
    {
        RateLimitedLog log = new(new TestLog().CreateLogger("c"), new StoppedTime());
        int logged = Enumerable.Range(0, 3 * Bounds.LogCausesMax).Count(i => log.ShouldLog($"cause {i}", out _));
        Assert.Equal(Bounds.LogCausesMax + 1, logged);
    }

    [Fact]
    public void The_servers_own_log_is_warnings_only_and_limited()
    {
        TestLog lines = new();
        StoppedTime time = new();
        ILogger logger = new QuietLoggerFactory(lines, time).CreateLogger("Microsoft.AspNetCore.Server.Kestrel");
        for (int i = 0; i < 100; i++)
        {
            logger.Log(LogLevel.Information, new EventId(1, "Chatter"), "noise");
            logger.Log(LogLevel.Warning, new EventId(2, "Complaint"), "trouble");
        }
        time.Now += TimeSpan.TicksPerSecond;
        logger.Log(LogLevel.Warning, new EventId(2, "Complaint"), "trouble");
        Assert.Equal(2, lines.Lines.Count);
    }

    private sealed class StoppedTime : TimeProvider
    {
        public long Now { get; set; } = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
