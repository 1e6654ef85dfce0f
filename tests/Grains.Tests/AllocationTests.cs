using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

/// <summary>A decision allocates nothing; the budget is asserted over many, with refusals and bucket changes among them.</summary>
public sealed class AllocationTests
{
    private const long SecondNs = 1_000_000_000;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public void A_decision_allocates_nothing(int limits)
    {
        Func<string, LimitModel>[] algorithms =
        [
            name => LimitModel.SlidingWindow(name, 100, SecondNs),
            name => LimitModel.Weighted(name, 100, SecondNs),
            name => LimitModel.TokenBucket(name, 100, SecondNs, 100),
            name => LimitModel.FixedWindow(name, 100, SecondNs),
            name => LimitModel.Quota(name, 20_000, new CalendarRule(CalendarUnit.Month, "Europe/Berlin")),
            name => LimitModel.Concurrency(name, 20_000),
            name => LimitModel.Quota(name, 20_000, new CalendarRule(CalendarUnit.Day, "Europe/Berlin"), terms: new QuotaTerms { RolloverMax = 500, InitialOffset = 300 }),
        ];
        for (int first = 0; first < algorithms.Length; first++)
        {
            var plan = new PlanModel("plan", [.. Enumerable.Range(first, limits).Select(i => algorithms[i % algorithms.Length]($"limit-{i}"))]);
            Assert.Equal(0, AllocatedBytes(plan));
        }
    }

    [Fact]
    public void Giving_back_allocates_nothing_and_idle_periods_no_more_than_the_one_found()
    {
        LimitModel[] limits =
        [
            LimitModel.SlidingWindow("s", 100, SecondNs), LimitModel.Weighted("w", 100, SecondNs), LimitModel.TokenBucket("t", 100, SecondNs, 100),
            LimitModel.FixedWindow("f", 100, SecondNs), LimitModel.Concurrency("c", 100), LimitModel.Quota("q", 100, new CalendarRule(CalendarUnit.Month, "Europe/Berlin")),
            LimitModel.Quota("r", 100, new CalendarRule(CalendarUnit.Day, "Europe/Berlin"), terms: new QuotaTerms { RolloverMax = 1_000_000 }),
        ];
        var state = new PlanState(new PlanModel("plan", limits));
        var now = Instant.FromUnixMs(1_700_000_000_000);
        var later = Instant.FromUnixMs(1_700_000_000_000 + (1_000L * 86_400_000));
        long allocated = 0;
        for (int round = 0; round < 100; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < limits.Length; i++)
            {
                Counter.Count(limits[i].Shape, state.Counter(i), 3, now);
                Counter.Uncount(limits[i].Shape, state.Counter(i), 2, now, now);
                Counter.Capacity(limits[i], state.Counter(i), later);
            }
            // The first round compiles, and finds the periods.
            allocated += round == 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.InRange(allocated, 0, 100 * 2 * 32);
        Assert.Equal(100 * 1_000 + 100 - 100, Counter.RolledOver(limits[6].Shape, state.Counter(6), later));
    }

    private static long AllocatedBytes(PlanModel plan)
    {
        var state = new PlanState(plan);
        var results = new LimitResult[plan.Limits.Length];
        Decide(plan, state, results, 0, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int allowed = Decide(plan, state, results, 1, 100_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allowed, 1, 99_999);
        return allocated;
    }

    private static int Decide(PlanModel plan, PlanState state, LimitResult[] results, int first, int count)
    {
        int allowed = 0;
        for (int i = first; i < first + count; i++)
        {
            var now = Instant.FromUnixMs(1_700_000_000_000 + i);
            GrainVerdict verdict = Grain.Evaluate(plan, plan.AllMask, ref state, 1, now, results);
            Grain.Count(plan, ref state, verdict.CountMask, 1, now);
            Grain.Describe(plan, plan.AllMask, ref state, now, results);
            allowed += verdict.Allowed ? 1 : 0;
        }
        return allowed;
    }
}
