extern alias chaos;

using chaos::Quota.Chaos;
using chaos::Quota.Chaos.Table;

namespace Quota.Silo.Tests.Cluster;

/// <summary>What the harness holds to be undisturbed.</summary>
public sealed class ChaosPerfectLimiterTests
{
    private static readonly ChaosOptions Options = new() { Amount = 100, Seconds = 10 };

    [Theory]
    // Twice what is admitted, for ten seconds from the beginning of a window: 100 of 200 in each of five windows.
    [InlineData(2, 500)]
    // The burst, and what flows in.
    [InlineData(1, 600)]
    // A hundred at once, and a hundred again when the whole tenth of the period with the first of them has left the window: every 2.2 s.
    [InlineData(0, 500)]
    // Half of all.
    [InlineData(3, 500)]
    public void It_admits_what_the_limit_allows(int key, long expected)
    {
        double[] asked = [.. Enumerable.Range(0, 1000).Select(i => (i + 0.5) / 100)];
        Assert.InRange(PerfectLimiter.Admitted(key, asked, 1_000_000, Options), expected - 1, expected + 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_admits_everything_that_is_within_the_limit(int key)
    {
        double[] asked = [.. Enumerable.Range(0, 200).Select(i => i / 20.0)];
        Assert.Equal(200, PerfectLimiter.Admitted(key, asked, 1_000_000, Options));
    }

    [Fact]
    public void Windows_begin_with_the_epoch()
    {
        double[] asked = [.. Enumerable.Repeat(0.9, 100), .. Enumerable.Repeat(1.1, 100)];
        Assert.Equal(100, PerfectLimiter.Admitted(2, asked, 1_000_000, Options));
        Assert.Equal(200, PerfectLimiter.Admitted(2, asked, 1_000_001, Options));
    }
}
