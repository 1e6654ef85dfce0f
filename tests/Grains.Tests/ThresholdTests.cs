using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class ThresholdTests
{
    [Theory]
    [InlineData(100, 0, 79, 0u)]
    [InlineData(100, 79, 80, 1u)]
    [InlineData(100, 80, 81, 0u)]
    [InlineData(100, 0, 100, 3u)]
    [InlineData(100, 99, 151, 6u)]
    [InlineData(101, 80, 81, 1u)]
    [InlineData(3, 2, 3, 3u)]
    [InlineData(0, 0, 5, 0u)]
    [InlineData(100, 100, 70, 0u)]
    public void A_step_reaches_what_it_crosses(long amount, long before, long after, uint expected) =>
        Assert.Equal(expected, Threshold.Reached(Limit(80, 100, 150), amount, before, after));

    [Fact]
    public void Every_threshold_is_reached_once_and_exactly_where_the_share_is() => Seeded.ForEach(3_000, random =>
    {
        int[] percents = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(1, 1_001)).Distinct().Order()];
        long amount = random.Magnitude(1, Bounds.AmountMax);
        LimitModel limit = Limit(percents);
        long used = 0;
        uint reached = 0;
        for (int i = 0; i < 30; i++)
        {
            long next = used + random.Magnitude(1, amount);
            uint step = Threshold.Reached(limit, amount, used, next);
            Assert.Equal(0u, reached & step);
            reached |= step;
            used = next;
            for (int p = 0; p < percents.Length; p++)
            {
                Assert.Equal((decimal)used / amount >= percents[p] / 100m, (reached >> p & 1) != 0);
            }
        }
    });

    [Fact]
    public void The_largest_numbers_do_not_wrap()
    {
        LimitModel limit = Limit(1, 1_000);
        Assert.Equal(3u, Threshold.Reached(limit, 2 * Bounds.AmountMax, 0, long.MaxValue));
        Assert.Equal(0u, Threshold.Reached(limit, 2 * Bounds.AmountMax, long.MaxValue - 1, long.MaxValue));
    }

    [Fact]
    public void Thresholds_ascend_within_their_bounds()
    {
        foreach (int[] wrong in (int[][])[[0], [1_001], [80, 80], [100, 80], [1, 2, 3, 4, 5, 6, 7, 8, 9]])
        {
            Assert.Throws<InvalidOperationException>(() => Limit(wrong));
        }
    }

    private static LimitModel Limit(params int[] percents) =>
        LimitModel.Quota("q", 100, new CalendarRule(CalendarUnit.Month), terms: new QuotaTerms { Thresholds = percents });
}
