using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Tests.Support;

/// <summary>Parameters of limits, with the extremes more often than chance would have it.</summary>
internal static class RandomLimit
{
    public static long Amount(Random random) => random.Next(10) switch
    {
        0 => 0,
        1 => 1,
        2 => random.NextInt64(Bounds.AmountMax - 10, Bounds.AmountMax + 1),
        < 7 => random.NextInt64(1, 20),
        _ => random.Magnitude(1, Bounds.AmountMax),
    };

    public static long PeriodNs(Random random) => random.Next(6) switch
    {
        0 => Bounds.PeriodNsMin,
        1 => Bounds.PeriodNsMax - random.Next(2),
        2 => random.Pick(1L, 60, 3_600, 86_400, 30 * 86_400) * 1_000_000_000,
        _ => random.Magnitude(Bounds.PeriodNsMin, Bounds.PeriodNsMax),
    };

    public static int Buckets(Random random) => random.Pick(1, 2, 10, 60, random.Next(1, 61), random.Next(1, 61));

    /// <summary>A plan of 1 to 32 limits of every algorithm, some in shadow mode, some per attribute value.</summary>
    public static PlanModel Plan(Random random) =>
        new("plan", [.. Enumerable.Range(0, random.Pick(1, 2, 3, random.Next(1, 33), 32)).Select(i => Small(random, $"limit-{i}"))]);

    /// <summary>A limit of any algorithm, small enough to refuse often.</summary>
    public static LimitModel Small(Random random, string name)
    {
        LimitMode mode = random.Next(4) == 0 ? LimitMode.Shadow : LimitMode.Enforce;
        string[] per = random.Next(4) == 0 ? ["ip"] : [];
        long amount = random.Next(20) == 0 ? random.Next(3) : random.Next(20, 60);
        long periodNs = random.NextInt64(Bounds.PeriodNsMin, 20_000_000_000);
        return random.Next(6) switch
        {
            0 => LimitModel.Weighted(name, amount, periodNs, mode, per: per),
            1 => LimitModel.TokenBucket(name, Math.Max(1, amount), periodNs, amount, mode, per: per),
            2 => LimitModel.FixedWindow(name, amount, periodNs, mode, per: per),
            3 => LimitModel.Quota(name, amount * 100, new CalendarRule(CalendarUnit.Day, "Europe/Berlin"), mode, per: per),
            4 => LimitModel.Quota(name, amount * 100, new CalendarRule(CalendarUnit.Day, "Europe/Berlin"), mode, per: per, terms: new QuotaTerms { RolloverMax = random.Next(1, 50) }),
            _ => LimitModel.SlidingWindow(name, amount, periodNs, Buckets(random), mode, per: per),
        };
    }
}
