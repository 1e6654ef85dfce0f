using Quota.Contracts;

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
}
