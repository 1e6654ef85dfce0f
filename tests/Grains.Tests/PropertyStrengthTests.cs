using Quota.Grains.Tests.Support;
using Xunit.Sdk;

namespace Quota.Grains.Tests;

/// <summary>
/// The oracle properties can fail: the model passes its own property, and models that are broken on purpose do not.
/// </summary>
public sealed class PropertyStrengthTests
{
    private const long Amount = 5;
    private const long PeriodNs = 1_000_000_007;
    private const int Buckets = 4;

    public static TheoryData<string> Mutants => [.. Subjects.Keys];

    private static readonly Dictionary<string, (Func<ICounterModel> Right, Func<ICounterModel> Broken)> Subjects = new()
    {
        ["sliding window that frees a bucket while it is leaving"] =
            (() => new SlidingModel(Amount, PeriodNs, Buckets), () => new SlidingModel(Amount, PeriodNs, Buckets, Buckets - 1)),
        ["sliding window that holds a bucket too long"] =
            (() => new SlidingModel(Amount, PeriodNs, Buckets), () => new SlidingModel(Amount, PeriodNs, Buckets, Buckets + 1)),
        ["sliding window that opens again when the clock steps back"] =
            (() => new SlidingModel(Amount, PeriodNs, Buckets), () => new SlidingModel(Amount, PeriodNs, Buckets, Buckets, clockMayReopen: true)),
        ["sliding window with one unit more"] =
            (() => new SlidingModel(Amount, PeriodNs, Buckets), () => new SlidingModel(Amount + 1, PeriodNs, Buckets)),
        ["fixed window for a weighted one"] =
            (() => new WeightedModel(Amount, PeriodNs), () => new FixedModel(Amount, PeriodNs)),
        ["token bucket that rounds the refill up"] =
            (() => new TokenModel(Amount, PeriodNs, Amount), () => new TokenModel(Amount, PeriodNs, Amount, roundRefillUp: true)),
        ["token bucket whose period is a nanosecond short"] =
            (() => new TokenModel(Amount, PeriodNs, Amount), () => new TokenModel(Amount, PeriodNs - 1, Amount)),
    };

    [Theory]
    [MemberData(nameof(Mutants))]
    public void A_planted_bug_is_found_and_nothing_is_found_without_one(string mutant)
    {
        (Func<ICounterModel> right, Func<ICounterModel> broken) = Subjects[mutant];
        Check(right, right);
        Assert.Throws<XunitException>(() => Check(broken, right));
    }

    private static void Check(Func<ICounterModel> subject, Func<ICounterModel> oracle) => Seeded.ForEach(60, random =>
        new CounterProperty(new ModelSubject(subject(), Amount, 400 * PeriodNs), oracle(), Amount)
            .Check(new Sequence(random, Amount, PeriodNs, PeriodNs / Buckets).Steps(40)));

    /// <summary>Events at the edges of one bucket too few make a true window overflow, and the log shows it.</summary>
    [Fact]
    public void The_window_check_finds_a_window_that_holds_too_much() => Assert.Throws<XunitException>(() => Seeded.ForEach(500, random =>
    {
        var model = new SlidingModel(Amount, PeriodNs, Buckets, Buckets - 1);
        foreach (Step step in new Sequence(random, Amount, PeriodNs, PeriodNs / Buckets).Steps(50))
        {
            if (step.Cost > 0 && model.Fits(step.Cost, step.At))
            {
                model.Count(step.Cost, step.At);
            }
        }
        Assert.InRange(model.Log.MostInAnyWindow(PeriodNs), 0, Amount);
    }));
}
