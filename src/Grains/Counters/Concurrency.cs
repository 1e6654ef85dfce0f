namespace Quota.Grains.Counters;

/// <summary>
/// Units held at once. State: <c>[held]</c>. Counting holds, giving back releases; time does neither. Every unit that is held
/// belongs to a reservation, and every reservation ends, so nothing stays held for ever.
/// </summary>
internal static class Concurrency
{
    /// <summary>
    /// Retry and reset hint. Nobody knows when the next reservation ends; a second is short against the calls that are worth a
    /// concurrency limit, and long enough not to be a busy loop.
    /// </summary>
    public const long HintNs = 1_000_000_000;

    public static long Evaluate(ReadOnlySpan<long> c, long amount, long cost) => c[0] + cost <= amount ? Counter.HasRoom : HintNs;

    public static void Count(Span<long> c, long cost) => c[0] += cost;

    public static long Uncount(Span<long> c, long units)
    {
        long given = Math.Min(units, c[0]);
        c[0] -= given;
        return given;
    }

    public static long Used(ReadOnlySpan<long> c) => c[0];

    public static long ResetNs(ReadOnlySpan<long> c) => c[0] == 0 ? 0 : HintNs;
}
