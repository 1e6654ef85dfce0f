using Quota.Grains.Model;
using Quota.Grains.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Grains.Tests;

public sealed class WeightedWindowTests(ITestOutputHelper output)
{
    [Fact]
    public void Answers_exactly_as_the_rational_model_and_stays_below_twice_the_amount()
    {
        double worst = 0;
        Seeded.ForEach(5_000, random =>
        {
            long amount = RandomLimit.Amount(random);
            long periodNs = RandomLimit.PeriodNs(random);
            var model = new WeightedModel(amount, periodNs);
            new CounterProperty(new CounterSubject(LimitModel.Weighted("l", amount, periodNs)), model, amount)
                .Check(new Sequence(random, amount, periodNs, Math.Max(2, periodNs / 10)).Steps(50));
            long most = model.Log.MostInAnyWindow(periodNs);
            Assert.InRange(most, 0, Math.Max(0, (2 * amount) - 1));
            worst = Math.Max(worst, amount == 0 ? 0 : (double)most / amount);
        });
        output.WriteLine($"Worst true window of random sequences: {worst:F3} of the amount.");
    }

    /// <summary>The worst case: everything at the end of one window, then whatever fits, as soon as it does.</summary>
    [Fact]
    public void The_worst_case_comes_close_to_twice_the_amount()
    {
        const long amount = 1_000, periodNs = 1_000_000_000;
        LimitModel limit = LimitModel.Weighted("l", amount, periodNs);
        var subject = new CounterSubject(limit);
        var log = new EventLog();
        Instant now = new(periodNs - 1, 0);
        subject.Count(amount, now);
        log.Add(now.WindowNs, amount);
        while (now.WindowNs < 2 * periodNs)
        {
            long waitNs = subject.Evaluate(1, now);
            now = CounterProperty.Later(now, waitNs);
            subject.Count(1, now);
            log.Add(now.WindowNs, 1);
        }
        long most = log.MostInAnyWindow(periodNs);
        output.WriteLine($"Worst true window: {most} of {amount}.");
        Assert.Equal((2 * amount) - 1, most);
    }
}
