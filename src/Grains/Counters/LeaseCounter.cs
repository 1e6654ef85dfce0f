namespace Quota.Grains.Counters;

/// <summary>
/// What one silo may decide alone of a limit. State, APPEND-ONLY (golden test: LeaseCounterTests): <c>[granted, spent, pool, reset at,
/// denied until, denied cost, amount]</c>. Granted permits are counted in the grain already, so spending them never exceeds the
/// limit. Instants are of the window scale, in ns. <c>pool</c> is what the grain had left for others when it was asked last.
/// </summary>
public static class LeaseCounter
{
    public const int Granted = 0;
    public const int Spent = 1;
    public const int Pool = 2;
    public const int ResetAtNs = 3;
    public const int DeniedUntilNs = 4;
    public const int DeniedCost = 5;
    public const int Amount = 6;

    /// <summary>Integers of the state.</summary>
    public const int Longs = 7;

    /// <summary>
    /// Room if the permits cover the cost; the time until the grain may have room if it is known to have none;
    /// <see cref="Counter.Never"/> if only the grain knows.
    /// </summary>
    internal static long Evaluate(ReadOnlySpan<long> c, long cost, long nowNs)
    {
        if (cost <= c[Granted] - c[Spent])
        {
            return Counter.HasRoom;
        }
        return c[DeniedUntilNs] > nowNs && cost >= c[DeniedCost] ? c[DeniedUntilNs] - nowNs : Counter.Never;
    }

    internal static void Count(Span<long> c, long cost) => c[Spent] += cost;

    internal static long Used(ReadOnlySpan<long> c) => c[Amount] - c[Pool] - (c[Granted] - c[Spent]);

    internal static long ResetNs(ReadOnlySpan<long> c, long nowNs) => Math.Max(0, c[ResetAtNs] - nowNs);

    /// <summary>Permits that are not settled stay; a refusal is forgotten when it ends.</summary>
    internal static long HeldNs(ReadOnlySpan<long> c, long nowNs) => c[Granted] != 0 ? long.MaxValue : Math.Max(0, c[DeniedUntilNs] - nowNs);
}
