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
            Counter.Describe(after.Limits[0], moved, Now, out _, out long remaining, out _);
            Assert.Equal(0, remaining);
            Assert.True(Counter.Evaluate(after.Limits[0], moved, 1, Now) > 0);
        }
    }

    [Fact]
    public void A_limit_that_counts_another_unit_starts_anew()
    {
        PlanModel before = Plan(LimitModel.FixedWindow("a", 10, 60_000_000_000), LimitModel.Weighted("b", 10, 60_000_000_000, unit: "bytes"));
        PlanModel after = Plan(LimitModel.FixedWindow("a", 10, 60_000_000_000, unit: "bytes"), LimitModel.FixedWindow("b", 10, 60_000_000_000, unit: "bytes"));
        byte[] block = Counted(before, 4);
        byte[] moved = Migrated(before, block, after, Now);
        Assert.Equal([0, 4], Used(after, moved, Now));
        // A key that moves between the two plans keeps both counts.
        CounterLayout target = CounterMigration.Target(before.Layout, block, after.Layout, before.Layout.Shapes.Concat(after.Layout.Shapes).ToHashSet(), Now);
        Assert.Equal([("a", "bytes"), ("b", "bytes"), ("a", "requests")], target.Shapes.Select(s => (s.LimitName, s.Unit)));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_quota_keeps_period_use_and_what_was_carried_whatever_its_terms_become(bool carryBefore, bool carryAfter)
    {
        LimitModel before = Quota(100, carryBefore ? 30 : 0, carryBefore ? 7 : 0);
        LimitModel after = Quota(50, carryAfter ? 10 : 0, carryAfter ? 40 : 0);
        (var from, var to) = (new CounterLayout([before.Shape]), new CounterLayout([after.Shape]));
        (var block, var target) = (new byte[from.SizeBytes], new byte[to.SizeBytes]);
        Instant first = Instant.FromUnixMs(1_700_000_000_000), second = Instant.FromUnixMs(1_702_600_000_000);
        Counter.Count(before.Shape, block, 80, first);
        Counter.Count(before.Shape, block, 20, second);
        CounterMigration.Migrate(from, block, to, target, second);
        Assert.Equal(20, Counter.Used(after.Shape, target, second));
        // 100 - 80 - the offset of 7 was left over.
        Assert.Equal(carryBefore && carryAfter ? 13 : 0, Counter.RolledOver(after.Shape, target, second));
        Assert.Equal(0, Counter.Offset(after.Shape, target, second));
        Assert.Equal(block.AsSpan(0, 24), target.AsSpan(0, 24));
    }

    [Fact]
    public void An_offset_is_applied_once_and_stays_used_in_its_period()
    {
        LimitModel[] forms = [Quota(100, 0, 7), Quota(100, 5, 50), Quota(100, 0, 0), Quota(100, 9, 60)];
        var block = new byte[forms[0].Shape.SizeBytes];
        Counter.Count(forms[0].Shape, block, 3, Now);
        for (int i = 1; i < forms.Length; i++)
        {
            (var from, var to) = (new CounterLayout([forms[i - 1].Shape]), new CounterLayout([forms[i].Shape]));
            var target = new byte[to.SizeBytes];
            CounterMigration.Migrate(from, block, to, target, Now);
            Assert.Equal(10, Counter.Used(forms[i].Shape, target, Now));
            block = target;
        }
        // A quota that never counted is new under the new terms.
        var fresh = new byte[forms[1].Shape.SizeBytes];
        CounterMigration.Migrate(new CounterLayout([forms[0].Shape]), new byte[32], new CounterLayout([forms[1].Shape]), fresh, Now);
        Assert.Equal(50, Counter.Used(forms[1].Shape, fresh, Now));
    }

    [Fact]
    public void What_earlier_periods_leave_over_is_settled_by_the_terms_they_had()
    {
        LimitModel before = Quota(100, 30, 0), after = Quota(1_000, 900, 0), plain = Quota(100, 0, 0);
        Instant later = Instant.FromUnixMs(1_710_000_000_000);
        foreach ((LimitModel old, long carried) in ((LimitModel, long)[])[(before, 30), (plain, 0)])
        {
            (var from, var to) = (new CounterLayout([old.Shape]), new CounterLayout([after.Shape]));
            (var block, var target) = (new byte[from.SizeBytes], new byte[to.SizeBytes]);
            Counter.Count(old.Shape, block, 10, Now);
            CounterMigration.Migrate(from, block, to, target, later);
            Assert.Equal(carried, Counter.RolledOver(after.Shape, target, later));
            Assert.Equal(0, Counter.Used(after.Shape, target, later));
        }
    }

    [Fact]
    public void Another_calendar_keeps_use_and_carry_in_its_own_period()
    {
        LimitModel before = Quota(100, 30, 0);
        LimitModel after = LimitModel.Quota("q", 100, new CalendarRule(CalendarUnit.Month, "Asia/Tokyo", 10), terms: new QuotaTerms { RolloverMax = 30, InitialOffset = 9 });
        (var from, var to) = (new CounterLayout([before.Shape]), new CounterLayout([after.Shape]));
        (var block, var target) = (new byte[from.SizeBytes], new byte[to.SizeBytes]);
        Instant second = Instant.FromUnixMs(1_702_600_000_000);
        Counter.Count(before.Shape, block, 80, Now);
        Counter.Count(before.Shape, block, 5, second);
        CounterMigration.Migrate(from, block, to, target, second);
        Assert.Equal((5L, 20L), (Counter.Used(after.Shape, target, second), Counter.RolledOver(after.Shape, target, second)));
        Assert.Equal(after.Shape.Calendar!.PeriodAt(second.WallMs).StartMs, BitConverter.ToInt64(target));
    }

    /// <summary>Nobody would ever give back what a rate counted; but what is held counts as used under a rate.</summary>
    [Fact]
    public void What_was_counted_is_not_held()
    {
        PlanModel rate = Plan(LimitModel.FixedWindow("a", 10, 60_000_000_000)), held = Plan(LimitModel.Concurrency("a", 10));
        Assert.Equal([0], Used(held, Migrated(rate, Counted(rate, 4), held, Now), Now));
        Assert.Equal([4], Used(rate, Migrated(held, Counted(held, 4), rate, Now), Now));
    }

    private static LimitModel Quota(long amount, long rollover, long offset) =>
        LimitModel.Quota("q", amount, new CalendarRule(CalendarUnit.Month), terms: new QuotaTerms { RolloverMax = rollover, InitialOffset = offset });

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
