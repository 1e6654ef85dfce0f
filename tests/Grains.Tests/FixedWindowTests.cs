using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class FixedWindowTests
{
    [Fact]
    public void Answers_exactly_as_the_log_of_events() => Seeded.ForEach(5_000, random =>
    {
        long amount = RandomLimit.Amount(random);
        long periodNs = RandomLimit.PeriodNs(random);
        var model = new FixedModel(amount, periodNs);
        new CounterProperty(new CounterSubject(LimitModel.FixedWindow("l", amount, periodNs)), model, amount)
            .Check(new Sequence(random, amount, periodNs, periodNs).Steps(50));
        Assert.InRange(model.Log.MostInAnyWindow(periodNs), 0, 2 * amount);
    });
}
