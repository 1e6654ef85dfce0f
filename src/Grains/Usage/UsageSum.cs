namespace Quota.Grains.Usage;

/// <summary>Adds counts of usage without ever wrapping round.</summary>
public static class UsageSum
{
    /// <summary>Where a sum stops. Adjustments on top of it still fit 64 bits; at the largest cost it takes four million requests in a month.</summary>
    public const long Max = 4_000_000_000_000_000_000;

    /// <summary>The sum of two counts of 0 to <see cref="Max"/>, at most <see cref="Max"/>.</summary>
    public static long Of(long a, long b)
    {
        Invariant.Check(a is >= 0 and <= Max && b is >= 0 and <= Max);
        return Math.Min(a + b, Max);
    }
}
