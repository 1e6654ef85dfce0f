using Quota.Contracts;
using Quota.Grains.Tests.Support;
using Quota.Grains.Usage;

namespace Quota.Grains.Tests.Usage;

public sealed class UsageMonthTests
{
    private static readonly MonthLabel October = new(2026, 10);

    private static readonly string[] Names = ["requests", "tokens.in", "tokens.out", "bytes"];

    [Fact]
    public void Merging_days_in_any_order_gives_their_sum() => Seeded.ForEach(200, random =>
    {
        UsageDay[] days = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => RandomDay(random))];
        UsageMonth month = Merged(days);
        random.Shuffle(days);
        UsageMonth other = Merged(days);
        Assert.Equal(month.Units.OrderBy(u => u.Unit), other.Units.OrderBy(u => u.Unit));
        Assert.Equal(month.Limits.OrderBy(l => (l.Limit, l.Unit)), other.Limits.OrderBy(l => (l.Limit, l.Unit)));
        Assert.Equal(month.Days.OrderBy(d => (d.Day, d.Unit)), other.Days.OrderBy(d => (d.Day, d.Unit)));
        foreach (UnitCounts unit in month.Units)
        {
            UnitCounts[] parts = [.. days.SelectMany(d => d.Units).Where(u => u.Unit == unit.Unit)];
            Assert.Equal(
                (parts.Sum(p => p.Used), parts.Sum(p => p.RolledUp), parts.Sum(p => p.Refunded), parts.Sum(p => p.RolledUpRefunded), parts.Sum(p => p.Denied), parts.Sum(p => p.WouldDeny)),
                (unit.Used, unit.RolledUp, unit.Refunded, unit.RolledUpRefunded, unit.Denied, unit.WouldDeny));
            Assert.Equal((unit.Used, unit.Refunded), (month.Days.Where(d => d.Unit == unit.Unit).Sum(d => d.Used), month.Days.Where(d => d.Unit == unit.Unit).Sum(d => d.Refunded)));
        }
        foreach (LimitCounts limit in month.Limits)
        {
            LimitCounts[] parts = [.. days.SelectMany(d => d.Limits).Where(l => (l.Limit, l.Unit) == (limit.Limit, limit.Unit))];
            Assert.Equal((parts.Sum(p => p.Used), parts.Sum(p => p.Denied)), (limit.Used, limit.Denied));
        }
        Assert.Equal(month.Days.OrderBy(d => d.Day).ThenBy(d => month.Units.ToList().FindIndex(u => u.Unit == d.Unit)), month.Days);
    });

    [Fact]
    public void Any_history_survives_encoding_and_is_never_negative() => Seeded.ForEach(300, random =>
    {
        var month = new UsageMonth(0, 1000, "Asia/Kolkata");
        for (int step = random.Next(200); step > 0; step--)
        {
            switch (random.Next(4))
            {
                case 0:
                    UsageDay day = RandomDay(random);
                    day.Units.RemoveAll(u => u.Refunded > u.Used);
                    day.Limits.RemoveAll(l => l.Refunded > l.Used);
                    month.Add(day);
                    break;
                case 1:
                    string unit = random.Pick(Names);
                    UnitCounts before = month.Units.FirstOrDefault(u => u.Unit == unit);
                    long asked = random.Magnitude(0, Bounds.CostMax);
                    long given = month.Refund(unit, asked, random.Next(40), random.Next(2) == 0, "l1", "l2");
                    Assert.Equal(Math.Min(asked, before.Used - before.Refunded), given);
                    break;
                case 2:
                    month.Adjust(new UsageAdjustment($"a{random.Next(30)}", random.Pick(Names), random.Next(-5, 5), "r", "me", step));
                    break;
                default:
                    month.Accumulate(new UsageAdjustment(UsageMonth.OwnIdPrefix + random.Next(3), random.Pick(Names), random.Next(-5, 5), "r", "quota", step));
                    break;
            }
        }
        Assert.All(month.Units, u => Assert.InRange(u.Refunded, 0, u.Used));
        Assert.All(month.Limits, l => Assert.InRange(l.Refunded, 0, l.Used));
        byte[] encoded = UsageMonthCodec.Encode(month);
        Assert.True(UsageMonthCodec.TryDecode(encoded, out UsageMonth? read));
        Assert.Equal(encoded, UsageMonthCodec.Encode(read));
        Assert.Equal(month.Days, read.Days);
        Assert.Equal(month.Adjustments, read.Adjustments);
    });

    [Fact]
    public void An_adjustment_counts_once_per_id()
    {
        UsageMonth month = Merged([Day(1, "requests", 10)]);
        var first = new UsageAdjustment("a", "requests", -3, "outage", "billing", 5);
        Assert.Equal(AdjustOutcome.Added, month.Adjust(first));
        Assert.Equal(AdjustOutcome.Repeat, month.Adjust(first with { AtMs = 9 }));
        Assert.Equal(AdjustOutcome.Conflict, month.Adjust(first with { Amount = -4 }));
        Assert.Equal(AdjustOutcome.Conflict, month.Adjust(first with { Reason = "other" }));
        Assert.Equal(-3, month.Adjusted("requests"));
        Assert.Equal([first], month.Adjustments);
    }

    [Fact]
    public void Adjustments_end_at_their_bound_and_leave_room_for_the_services_own()
    {
        UsageMonth month = Merged([Day(1, "requests", 10)]);
        for (int i = 0; i < Bounds.AdjustmentsPerMonthMax; i++)
        {
            Assert.Equal(AdjustOutcome.Added, month.Adjust(new UsageAdjustment($"{i}", "requests", 1, "r", "a", 0)));
        }
        Assert.Equal(AdjustOutcome.Full, month.Adjust(new UsageAdjustment("one more", "requests", 1, "r", "a", 0)));
        Assert.Equal(AdjustOutcome.Added, month.Accumulate(new UsageAdjustment("quota.refund/requests", "requests", -1, "refund", "quota", 1)));
        Assert.Equal(AdjustOutcome.Added, month.Accumulate(new UsageAdjustment("quota.refund/requests", "requests", -2, "refund", "quota", 2)));
        Assert.Equal(new UsageAdjustment("quota.refund/requests", "requests", -3, "refund", "quota", 2), month.Adjustments[^1]);
        Assert.Equal(Bounds.AdjustmentsPerMonthMax - 3, month.Adjusted("requests"));
    }

    [Fact]
    public void A_sealed_month_takes_adjustments_and_nothing_else()
    {
        UsageMonth month = Merged([Day(1, "requests", 10)]);
        month.Seal(7);
        month.Seal(8);
        Assert.Equal((true, 7L), (month.IsSealed, month.SealedAtMs));
        Assert.Throws<InvalidOperationException>(() => month.Add(Day(1, "requests", 1)));
        Assert.Throws<InvalidOperationException>(() => month.Refund("requests", 1, 1, false));
        Assert.Throws<InvalidOperationException>(() => month.SetPeriod(0, 5, "UTC"));
        Assert.Equal(AdjustOutcome.Added, month.Adjust(new UsageAdjustment("a", "requests", 1, "r", "a", 9)));
        Assert.Equal(10, month.Units[0].Used);
    }

    [Fact]
    public void A_refund_of_what_was_never_used_gives_nothing()
    {
        UsageMonth month = Merged([Day(1, "requests", 10)]);
        Assert.Equal(0, month.Refund("tokens", 5, 2, false));
        Assert.Equal(10, month.Refund("requests", 25, 2, false));
        Assert.Equal(0, month.Refund("requests", 1, 2, false));
        Assert.Equal([new DayCounts(1, "requests", 10, 0), new DayCounts(2, "requests", 0, 10)], month.Days);
    }

    [Fact]
    public void Units_and_limits_beyond_the_rows_of_a_month_are_counted_together()
    {
        var month = new UsageMonth(0, 1, "UTC");
        for (int i = 0; i < Bounds.MonthUnitsMax + 3; i++)
        {
            month.Add(Day(1, $"u{i}", 2));
        }
        Assert.Equal(new UnitCounts(UsageMonth.Other, 6), month.Units[^1]);
        Assert.Equal(AdjustOutcome.Full, month.Adjust(new UsageAdjustment("a", "new", 1, "r", "a", 0)));
    }

    private static UsageMonth Merged(UsageDay[] days)
    {
        var month = new UsageMonth(0, 1000, "UTC");
        foreach (UsageDay day in days)
        {
            month.Add(day);
        }
        return month;
    }

    private static UsageDay Day(int day, string unit, long used)
    {
        var section = new UsageDay { StartMs = 0, EndMs = 1, Day = day, Month = October };
        section.Units.Add(new UnitCounts(unit, used));
        return section;
    }

    private static UsageDay RandomDay(Random random)
    {
        var day = new UsageDay { StartMs = 0, EndMs = 1, Day = random.Next(-3, 40), Month = October };
        foreach (string unit in Names.Where(_ => random.Next(2) == 0))
        {
            day.Units.Add(new UnitCounts(unit, Count(random), Count(random), Count(random), Count(random), Count(random), Count(random)));
            foreach (string limit in new[] { "l1", "l2", "l3" }.Where(_ => random.Next(2) == 0))
            {
                day.Limits.Add(new LimitCounts(limit, unit, Count(random), Count(random), Count(random), Count(random)));
            }
        }
        return day;
    }

    private static long Count(Random random) => random.Next(3) == 0 ? 0 : random.Magnitude(0, Bounds.AmountMax);
}
