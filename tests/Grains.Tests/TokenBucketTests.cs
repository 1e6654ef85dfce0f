using Quota.Contracts;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class TokenBucketTests
{
    [Fact]
    public void Answers_exactly_as_the_rational_bucket() => Seeded.ForEach(12_000, random =>
    {
        (long amount, long periodNs, long burst) = Parameters(random);
        var model = new TokenModel(amount, periodNs, burst);
        new CounterProperty(new CounterSubject(LimitModel.TokenBucket("l", amount, periodNs, burst)), model, burst)
            .Check(new Sequence(random, burst, periodNs, Math.Max(2, periodNs / amount)).Steps(60));
    });

    [Fact]
    public void Admits_no_more_than_burst_and_refill_in_any_interval() => Seeded.ForEach(3_000, random =>
    {
        (long amount, long periodNs, long burst) = Parameters(random);
        LimitModel limit = LimitModel.TokenBucket("l", amount, periodNs, burst);
        var subject = new CounterSubject(limit);
        var log = new EventLog();
        long latestNs = 0;
        foreach (Step step in new Sequence(random, burst, periodNs, Math.Max(2, periodNs / amount)).Steps(60))
        {
            if (step.Cost > 0 && subject.Evaluate(step.Cost, step.At) == Counter.HasRoom)
            {
                // A clock that steps back behind what was counted is taken to stand still: what it shows twice is one interval.
                latestNs = Math.Max(latestNs, step.At.WindowNs);
                subject.Count(step.Cost, step.At);
                log.Add(latestNs, step.Cost);
                Assert.InRange(BitConverter.ToInt64(subject.Bytes, sizeof(long)), 0, limit.Shape.RefillParts - 1);
            }
        }
        Assert.True(log.StaysWithin(burst, amount, periodNs));
    });

    [Theory]
    [InlineData(3, 1_000)]
    [InlineData(7, 1_000)]
    [InlineData(100, 60_000)]
    [InlineData(13, 86_400_000)]
    public void A_burst_fits_whole_into_one_instant_whatever_the_rate_divides_to(long burst, long periodMs)
    {
        var subject = new CounterSubject(LimitModel.TokenBucket("l", burst, periodMs * 1_000_000, burst));
        Instant now = Instant.FromUnixMs(1_700_000_000_000);
        for (long used = 0; used < burst; used++)
        {
            Assert.Equal(used, subject.Used(now));
            Assert.Equal(Counter.HasRoom, subject.Evaluate(1, now));
            subject.Count(1, now);
        }
        Assert.True(subject.Evaluate(1, now) > 0);
    }

    [Fact]
    public void A_count_beyond_every_bound_neither_wraps_nor_moves_back()
    {
        LimitModel limit = LimitModel.TokenBucket("l", 1, Bounds.PeriodNsMax, 1);
        var subject = new CounterSubject(limit);
        Instant now = new(Instant.WindowNsMax, 0);
        for (int i = 0; i < 100; i++)
        {
            subject.Count(Bounds.AmountMax, now);
            Assert.Equal(20, subject.Used(now));
        }
        Assert.True(subject.Used(default) > 20);
    }

    private static (long Amount, long PeriodNs, long Burst) Parameters(Random random)
    {
        while (true)
        {
            long amount = Math.Max(1, RandomLimit.Amount(random));
            long periodNs = RandomLimit.PeriodNs(random);
            long burst = random.Pick(amount, RandomLimit.Amount(random));
            if ((Int128)burst * periodNs / amount <= CounterShape.BurstNsMax)
            {
                return (amount, periodNs, burst);
            }
        }
    }
}
