using Quota.Contracts;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

public sealed class RetryScheduleTests
{
    private const long NsPerMs = 1_000_000;

    [Fact]
    public void Waits_double_from_2_seconds_to_an_hour_and_are_drawn_from_the_upper_half()
    {
        long[] boundsMs = [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_024_000, 2_048_000, 3_600_000, 3_600_000];
        var retry = new RetrySchedule(1);
        for (int failures = 1; failures <= boundsMs.Length; failures++)
        {
            long bound = boundsMs[failures - 1] * NsPerMs;
            long[] waits = [.. Enumerable.Range(0, 1000).Select(_ => retry.WaitNs(failures))];
            Assert.All(waits, w => Assert.InRange(w, bound / 2, bound));
            // Evenly: each eighth of the range is met.
            Assert.Equal(8, waits.Select(w => Math.Min(7, (w - (bound / 2)) * 16 / bound)).Distinct().Count());
        }
    }

    [Theory]
    [InlineData(Bounds.EventAttemptsMax)]
    [InlineData(int.MaxValue)]
    public void The_bound_holds_for_any_number_of_failures(int failures) =>
        Assert.Equal(Bounds.EventRetryMsMax * NsPerMs, 2 * RetrySchedule.WaitNsMin(failures));

    [Fact]
    public void The_same_seed_gives_the_same_waits()
    {
        RetrySchedule a = new(5), b = new(5), c = new(6);
        long[] waits = [.. Enumerable.Range(1, 20).Select(a.WaitNs)];
        Assert.Equal(waits, Enumerable.Range(1, 20).Select(b.WaitNs));
        Assert.NotEqual(waits, Enumerable.Range(1, 20).Select(c.WaitNs));
    }

    [Fact]
    public void All_attempts_together_take_about_three_days()
    {
        var retry = new RetrySchedule(9);
        double days = TimeSpan.FromMilliseconds(Enumerable.Range(1, Bounds.EventAttemptsMax - 1).Sum(n => retry.WaitNs(n) / NsPerMs)).TotalDays;
        Assert.InRange(days, 2.8, 3.2);
    }
}
