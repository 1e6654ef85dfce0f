using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class CounterExpiryTests
{
    [Fact]
    public void A_forgotten_block_cannot_be_told_from_a_new_one_and_none_is_forgotten_early() => Seeded.ForEach(1_500, random =>
    {
        LimitModel[] limits = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => Windowed(random, $"limit-{i}"))];
        var plan = new PlanModel("plan", limits);
        var state = new PlanState(plan);
        foreach (Step step in new Sequence(random, 12, 5_000_000_000, 500_000_000).Steps(20))
        {
            Grain.Apply(plan, plan.AllMask, ref state, step.Cost, step.At, new LimitResult[limits.Length]);
            long forgetNs = CounterExpiry.ForgetAtNs(plan.Layout, state.Snapshot(), step.At);
            Assert.True(forgetNs >= step.At.WindowNs);
            Assert.True(EqualsNew(plan, state, new Instant(forgetNs, 0)));
            Assert.True(forgetNs == step.At.WindowNs || !EqualsNew(plan, state, new Instant(forgetNs - 1, 0)));
            // From then on every decision is the one of a new block.
            (PlanState old, PlanState fresh) = (state.Copy(), new PlanState(plan));
            foreach (long laterNs in (long[])[0, 1, random.NextInt64(20_000_000_000), 20_000_000_000])
            {
                Assert.Equal(Decide(plan, fresh, forgetNs + laterNs), Decide(plan, old, forgetNs + laterNs));
            }
        }
    });

    [Fact]
    public void A_calendar_counter_outlives_its_period_by_the_grace()
    {
        var layout = new CounterLayout([CounterShape.ForCalendar("q", new CalendarRule(CalendarUnit.Day))]);
        var block = new byte[layout.SizeBytes];
        Instant now = Instant.FromUnixMs(1_700_000_000_000);
        Assert.Equal(now.WindowNs, CounterExpiry.ForgetAtNs(layout, block, now));
        Grain.CountBlock(layout, block, 1, 1, now);
        long endMs = new CalendarRule(CalendarUnit.Day).PeriodAt(now.WallMs).EndMs;
        Instant last = Instant.FromUnixMs(endMs + CounterExpiry.CalendarGraceMs);
        Assert.Equal(last.WindowNs, CounterExpiry.ForgetAtNs(layout, block, now));
        Assert.Equal(last.WindowNs, CounterExpiry.ForgetAtNs(layout, block, last));
    }

    /// <summary>A new counter would carry nothing over, would have its offset once more, and would hold nothing.</summary>
    [Fact]
    public void What_time_does_not_free_is_never_forgotten()
    {
        var month = new CalendarRule(CalendarUnit.Month);
        CounterShape[] shapes = [CounterShape.ForCalendarCarry("r", month, 10, 5, 0), CounterShape.ForCalendarCarry("o", month, 10, 0, 5), CounterShape.Concurrency("c")];
        Instant now = Instant.FromUnixMs(1_700_000_000_000);
        Instant later = Instant.FromUnixMs(3_000_000_000_000);
        foreach (CounterShape shape in shapes)
        {
            var layout = new CounterLayout([shape]);
            var block = new byte[layout.SizeBytes];
            Assert.Equal(now.WindowNs, CounterExpiry.ForgetAtNs(layout, block, now));
            Grain.CountBlock(layout, block, 1, 1, now);
            Assert.Equal(long.MaxValue, CounterExpiry.ForgetAtNs(layout, block, later));
        }
        var held = new CounterLayout([shapes[2]]);
        byte[] released = [1, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(1, Counter.Uncount(shapes[2], released, 1, now, later));
        Assert.Equal(later.WindowNs, CounterExpiry.ForgetAtNs(held, released, later));
    }

    /// <summary>Set back by centuries, a counter is kept for centuries rather than lost to a wrapped sum.</summary>
    [Fact]
    public void The_longest_step_back_does_not_wrap()
    {
        var layout = new CounterLayout([CounterShape.ForCalendar("q", new CalendarRule(CalendarUnit.Year))]);
        var block = new byte[layout.SizeBytes];
        Grain.CountBlock(layout, block, 1, 1, new Instant(Instant.WindowNsMax, Instant.WallMsMax));
        Assert.Equal(long.MaxValue, CounterExpiry.ForgetAtNs(layout, block, new Instant(Instant.WindowNsMax, 0)));
    }

    private static LimitModel Windowed(Random random, string name)
    {
        while (true)
        {
            LimitModel limit = RandomLimit.Small(random, name);
            if (limit.Shape.Calendar is null && limit.Per.Count == 0)
            {
                return limit;
            }
        }
    }

    private static bool EqualsNew(PlanModel plan, PlanState state, Instant now)
    {
        byte[] block = state.Snapshot();
        return plan.Layout.Shapes.Select((shape, i) => Counter.Used(shape, plan.Layout.Counter(block, i), now)).All(used => used == 0);
    }

    private static LimitResult[] Decide(PlanModel plan, PlanState state, long atNs)
    {
        var results = new LimitResult[plan.Limits.Length];
        Grain.Apply(plan, plan.AllMask, ref state, 7, new Instant(atNs, 0), results);
        return results;
    }
}
