using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

/// <summary>Quotas with roll-over and offset, against a model that walks from period to period.</summary>
public sealed class CalendarCarryTests
{
    private static readonly string[] Zones =
        ["UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "Asia/Kolkata"];

    [Fact]
    public void Answers_exactly_as_the_walk_over_all_periods() => Seeded.ForEach(500, random =>
    {
        CalendarRule rule = Rule(random);
        long amount = random.Pick(0, 1, 10, random.Next(2, 40), Bounds.AmountMax);
        long rollover = random.Pick(0, 1, 5, random.Next(1, 400), Bounds.AmountMax);
        long offset = rollover == 0 ? random.Next(1, 30) : random.Pick(0, 0, random.Next(1, 30));
        LimitModel limit = LimitModel.Quota("q", amount, rule, terms: new QuotaTerms { RolloverMax = rollover, InitialOffset = offset });
        var model = new CarryModel(rule, amount, rollover, offset);
        var bytes = new byte[limit.Shape.SizeBytes];
        var counted = new List<long>();
        long nowMs = random.NextInt64(Ms(1975), Ms(2035));
        for (int i = 0; i < 40; i++)
        {
            nowMs = Next(random, rule, nowMs);
            var now = new Instant(0, nowMs);
            CheckState(limit, bytes, model, now);
            long cost = random.Pick(1, random.Next(1, 20), Math.Max(1, amount), Math.Min(amount + 3, Bounds.AmountMax));
            CheckWait(limit, bytes, model, cost, now);
            if (model.Fits(cost, nowMs) || random.Next(5) == 0)
            {
                Counter.Count(limit.Shape, bytes, cost, now);
                model.Count(cost, nowMs);
                counted.Add(nowMs);
            }
            if (counted.Count > 0 && random.Next(4) == 0)
            {
                long at = random.Pick<long>(counted.ToArray());
                long units = random.Pick(1, cost, Bounds.AmountMax);
                Assert.Equal(model.Uncount(units, at, nowMs), Counter.Uncount(limit.Shape, bytes, units, new Instant(0, at), now));
            }
            CheckState(limit, bytes, model, now);
        }
    });

    [Fact]
    public void The_periods_between_two_starts_are_those_that_a_walk_meets() => Seeded.ForEach(60, random =>
    {
        CalendarRule rule = Rule(random);
        long startMs = rule.PeriodAt(random.NextInt64(Ms(1971), Ms(2035))).StartMs;
        long atMs = startMs;
        for (int periods = 0; periods < 700 && atMs < Ms(2100); periods++)
        {
            Assert.Equal(periods, rule.PeriodsBetween(startMs, atMs));
            Assert.True(rule.TryStartAfter(startMs, periods, out long foundMs));
            Assert.Equal(atMs, foundMs);
            atMs = rule.PeriodAt(atMs).EndMs;
        }
        Assert.False(rule.TryStartAfter(startMs, 200_000, out _));
    });

    [Fact]
    public void Unused_units_are_carried_over_up_to_their_bound_and_not_for_ever()
    {
        LimitModel limit = Limit(100, rollover: 50, offset: 0);
        var bytes = new byte[limit.Shape.SizeBytes];
        Counter.Count(limit.Shape, bytes, 70, At(2025, 1, 31));
        Assert.Equal(30, Counter.RolledOver(limit.Shape, bytes, At(2025, 2, 1)));
        Assert.Equal(130, Counter.Capacity(limit, bytes, At(2025, 2, 1)));
        Counter.Describe(limit, bytes, At(2025, 2, 1), out _, out long remaining, out _);
        Assert.Equal(130, remaining);
        Assert.Equal(Counter.HasRoom, Counter.Evaluate(limit, bytes, 130, At(2025, 2, 1)));
        Assert.Equal(50, Counter.RolledOver(limit.Shape, bytes, At(2031, 7, 9)));
        Assert.Equal(Counter.Never, Counter.Evaluate(limit, bytes, 151, At(2025, 2, 1)));
        // 150 fit once February has left over as much.
        Assert.Equal(28L * 86_400_000_000_000, Counter.Evaluate(limit, bytes, 150, At(2025, 2, 1)));
    }

    [Fact]
    public void The_offset_counts_in_the_first_period_only_and_no_refund_reaches_it()
    {
        LimitModel limit = Limit(100, rollover: 0, offset: 60);
        var bytes = new byte[limit.Shape.SizeBytes];
        Assert.Equal(60, Counter.Used(limit.Shape, bytes, At(2025, 3, 5)));
        Assert.Equal(60, Counter.Offset(limit.Shape, bytes, At(2025, 3, 5)));
        Assert.True(Counter.Evaluate(limit, bytes, 41, At(2025, 3, 5)) > 0);
        Counter.Count(limit.Shape, bytes, 40, At(2025, 3, 5));
        Assert.Equal(100, Counter.Used(limit.Shape, bytes, At(2025, 3, 5)));
        Assert.Equal(40, Counter.Uncount(limit.Shape, bytes, 1_000, At(2025, 3, 5), At(2025, 3, 6)));
        Assert.Equal(60, Counter.Used(limit.Shape, bytes, At(2025, 3, 6)));
        Assert.Equal(0, Counter.Used(limit.Shape, bytes, At(2025, 4, 1)));
    }

    /// <summary>Counting nothing opens the first period: for a step that wants the offset to end although nothing fitted.</summary>
    [Fact]
    public void A_count_of_nothing_opens_the_first_period()
    {
        LimitModel limit = Limit(100, rollover: 10, offset: 100);
        var bytes = new byte[limit.Shape.SizeBytes];
        Assert.True(Counter.Evaluate(limit, bytes, 1, At(2025, 4, 1)) > 0);
        Counter.Count(limit.Shape, bytes, 0, At(2025, 3, 5));
        Assert.True(Counter.Evaluate(limit, bytes, 1, At(2025, 3, 31)) > 0);
        Assert.Equal(Counter.HasRoom, Counter.Evaluate(limit, bytes, 100, At(2025, 4, 1)));
        Assert.Equal(0, Counter.RolledOver(limit.Shape, bytes, At(2025, 4, 1)));
    }

    [Fact]
    public void The_bytes_of_a_counter_are_golden()
    {
        LimitModel limit = Limit(100, rollover: 50, offset: 7);
        var bytes = new byte[limit.Shape.SizeBytes];
        Counter.Count(limit.Shape, bytes, 3, At(2025, 1, 31));
        Assert.Equal([Ms(2025), Ms(2025) + (31L * 86_400_000), 3, -7], Row(bytes));
        Counter.Count(limit.Shape, bytes, 4, At(2025, 2, 1));
        Assert.Equal([Ms(2025) + (31L * 86_400_000), Ms(2025) + (59L * 86_400_000), 4, 50], Row(bytes));
        var held = new byte[8];
        Counter.Count(CounterShape.Concurrency("c"), held, 258, At(2025, 1, 1));
        Assert.Equal("0201000000000000", Convert.ToHexStringLower(held));
    }

    private static void CheckState(LimitModel limit, byte[] bytes, CarryModel model, in Instant now)
    {
        Assert.Equal(model.Used(now.WallMs), Counter.Used(limit.Shape, bytes, now));
        Assert.Equal(model.Capacity(now.WallMs), Counter.Capacity(limit, bytes, now));
        Counter.Describe(limit, bytes, now, out _, out long remaining, out long resetNs);
        Assert.Equal(Math.Max(0, model.Capacity(now.WallMs) - model.Used(now.WallMs)), remaining);
        Assert.Equal((model.EndMs(now.WallMs) - now.WallMs) * 1_000_000, resetNs);
    }

    private static void CheckWait(LimitModel limit, byte[] bytes, CarryModel model, long cost, in Instant now)
    {
        long answer = Counter.Evaluate(limit, bytes, cost, now);
        Assert.Equal(model.Fits(cost, now.WallMs), answer == Counter.HasRoom);
        if (answer > 0 && model.HasCounted)
        {
            long fitsMs = now.WallMs + (answer / 1_000_000);
            if (fitsMs < now.WallMs + (3_000L * 86_400_000))
            {
                Assert.True(model.Fits(cost, fitsMs), $"{cost} does not fit after {answer} ns");
                Assert.False(model.Fits(cost, fitsMs - 1), $"{cost} fits before {answer} ns");
            }
        }
        else if (answer == Counter.Never)
        {
            Assert.False(model.Fits(cost, now.WallMs + (90L * 86_400_000)));
        }
    }

    private static long Next(Random random, CalendarRule rule, long nowMs) => random.Next(8) switch
    {
        0 => nowMs,
        1 => rule.PeriodAt(nowMs).EndMs,
        2 => rule.PeriodAt(nowMs).EndMs - 1,
        3 => rule.PeriodAt(rule.PeriodAt(nowMs).EndMs).EndMs + random.Next(1_000),
        4 => nowMs + random.NextInt64(1, 40L * 86_400_000),
        5 => nowMs + random.NextInt64(1, (rule.Unit == CalendarUnit.Day ? 60L : 800L) * 86_400_000),
        6 => Math.Max(0, nowMs - random.NextInt64(1, 3L * 86_400_000)),
        _ => nowMs + random.NextInt64(1, 86_400_000),
    };

    private static CalendarRule Rule(Random random)
    {
        CalendarUnit unit = random.Pick(CalendarUnit.Day, CalendarUnit.Week, CalendarUnit.Month, CalendarUnit.Month, CalendarUnit.Year);
        return new CalendarRule(unit, random.Pick(Zones), random.Pick(1, random.Next(1, CalendarRule.AnchorDayMax(unit) + 1), CalendarRule.AnchorDayMax(unit)), unit == CalendarUnit.Year ? random.Next(1, 13) : 1);
    }

    private static LimitModel Limit(long amount, long rollover, long offset) =>
        LimitModel.Quota("q", amount, new CalendarRule(CalendarUnit.Month), terms: new QuotaTerms { RolloverMax = rollover, InitialOffset = offset });

    private static Instant At(int year, int month, int day) => new(0, new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds());

    private static long Ms(int year) => new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private static long[] Row(byte[] bytes) => [.. Enumerable.Range(0, bytes.Length / 8).Select(i => BitConverter.ToInt64(bytes, i * 8))];
}
