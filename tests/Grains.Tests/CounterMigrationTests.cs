using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class CounterMigrationTests
{
    private static readonly Instant Now = Instant.FromUnixMs(1_700_000_000_000);

    [Fact]
    public void A_changed_amount_keeps_every_byte()
    {
        PlanModel before = Plan(LimitModel.SlidingWindow("a", 10, 60_000_000_000), LimitModel.Quota("b", 10, new CalendarRule(CalendarUnit.Month)));
        PlanModel after = Plan(LimitModel.SlidingWindow("a", 99, 60_000_000_000), LimitModel.Quota("b", 3, new CalendarRule(CalendarUnit.Month)));
        Assert.Equal(before.Layout.Id, after.Layout.Id);
        byte[] block = Counted(before, 7);
        Assert.Equal(block, Migrated(before, block, after, Now));
    }

    [Fact]
    public void No_change_of_a_limit_frees_anything_at_once() => Seeded.ForEach(10_000, random =>
    {
        LimitModel before = RandomLimit.Small(random, "l");
        LimitModel after = RandomLimit.Small(random, "l");
        (var from, var to) = (new CounterLayout([before.Shape]), new CounterLayout([after.Shape]));
        var subject = new CounterSubject(before);
        Instant now = Now;
        foreach (Step step in new Sequence(random, 40, 5_000_000_000, 500_000_000).Steps(20))
        {
            now = step.At;
            if (step.Cost > 0 && subject.Evaluate(step.Cost, now) == Counter.HasRoom)
            {
                subject.Count(step.Cost, now);
            }
        }
        var block = new byte[to.SizeBytes];
        CounterMigration.Migrate(from, subject.Bytes, to, block, now);
        Assert.True(Counter.Used(after.Shape, block, now) >= subject.Used(now));
    });

    [Fact]
    public void Limits_are_found_by_name_dropped_ones_are_gone_and_new_ones_start_at_zero()
    {
        PlanModel before = Plan(LimitModel.FixedWindow("a", 10, 60_000_000_000), LimitModel.FixedWindow("b", 10, 60_000_000_000));
        PlanModel after = Plan(LimitModel.FixedWindow("new", 10, 60_000_000_000), LimitModel.Weighted("c", 10, 60_000_000_000), LimitModel.FixedWindow("a", 10, 60_000_000_000));
        byte[] block = Counted(before, 4);
        byte[] moved = Migrated(before, block, after, Now);
        Assert.Equal([0, 0, 4], Used(after, moved, Now));
        // Deleted and added again: anew.
        byte[] back = Migrated(after, moved, before, Now);
        Assert.Equal([4, 0], Used(before, back, Now));
    }

    [Fact]
    public void A_period_is_not_opened_again_by_a_change_after_the_clock_stepped_back()
    {
        PlanModel before = Plan(LimitModel.Quota("q", 10, new CalendarRule(CalendarUnit.Month)));
        PlanModel after = Plan(LimitModel.Quota("q", 10, new CalendarRule(CalendarUnit.Month, "Europe/London")));
        long decemberMs = new DateTimeOffset(2023, 12, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var block = new byte[before.Layout.SizeBytes];
        Grain.CountBlock(before.Layout, block, 1, 10, new Instant(0, decemberMs + 5));
        byte[] moved = Migrated(before, block, after, new Instant(0, decemberMs - 5));
        Assert.Equal([10], Used(after, moved, new Instant(0, decemberMs + 10)));
    }

    /// <summary>A thousand units of one per year take a thousand years to refill, more than 64 bits of nanoseconds.</summary>
    [Fact]
    public void A_change_to_a_slow_token_bucket_does_not_wrap()
    {
        PlanModel before = Plan(LimitModel.SlidingWindow("l", Bounds.AmountMax, 60_000_000_000));
        PlanModel after = Plan(LimitModel.TokenBucket("l", 1, Bounds.PeriodNsMax, 5));
        foreach (long used in (long[])[1_000, 1_000_000, Bounds.CostMax, Bounds.AmountMax])
        {
            byte[] moved = Migrated(before, Counted(before, used), after, Now);
            Counter.Describe(after.Limits[0], moved, Now, out long remaining, out _);
            Assert.Equal(0, remaining);
            Assert.True(Counter.Evaluate(after.Limits[0], moved, 1, Now) > 0);
        }
    }

    private static PlanModel Plan(params LimitModel[] limits) => new("plan", limits);

    private static byte[] Counted(PlanModel plan, long cost)
    {
        var block = new byte[plan.Layout.SizeBytes];
        Grain.CountBlock(plan.Layout, block, plan.AllMask, cost, Now);
        return block;
    }

    private static byte[] Migrated(PlanModel from, byte[] block, PlanModel to, Instant now)
    {
        var target = new byte[to.Layout.SizeBytes];
        CounterMigration.Migrate(from.Layout, block, to.Layout, target, now);
        return target;
    }

    private static long[] Used(PlanModel plan, byte[] block, Instant now) =>
        [.. plan.Layout.Shapes.Select((shape, i) => Counter.Used(shape, plan.Layout.Counter(block, i), now))];
}
