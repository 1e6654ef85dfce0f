using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class SlidingWindowTests
{
    [Fact]
    public void Answers_exactly_as_the_log_of_events_and_no_window_exceeds_the_amount() => Seeded.ForEach(15_000, random =>
    {
        long amount = RandomLimit.Amount(random);
        long periodNs = RandomLimit.PeriodNs(random);
        int buckets = RandomLimit.Buckets(random);
        LimitModel limit = LimitModel.SlidingWindow("l", amount, periodNs, buckets);
        var model = new SlidingModel(amount, periodNs, buckets);
        new CounterProperty(new CounterSubject(limit), model, amount)
            .Check(new Sequence(random, amount, periodNs, limit.Shape.BucketWidthNs).Steps(50));
        Assert.InRange(model.Log.MostInAnyWindow(periodNs), 0, amount);
    });

    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(2, 1_500)]
    [InlineData(10, 1_100)]
    [InlineData(60, 1_017)]
    public void A_unit_is_held_for_at_most_one_bucket_longer_than_the_period(int buckets, long heldMsMax)
    {
        var subject = new CounterSubject(LimitModel.SlidingWindow("l", 1, 1_000_000_000, buckets));
        Instant now = Instant.FromUnixMs(1_700_000_000_000);
        subject.Count(1, now);
        Assert.InRange(subject.Evaluate(1, now), 1_000_000_000, heldMsMax * 1_000_000);
    }
}
