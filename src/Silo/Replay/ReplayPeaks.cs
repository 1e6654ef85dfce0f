namespace Quota.Silo.Replay;

/// <summary>The highest count of each key in any one interval of the clock, as percentiles over the keys (nearest rank).</summary>
/// <param name="Interval"><c>1s</c>, <c>1m</c> or <c>1h</c>.</param>
/// <param name="P50">Half of the keys never make more.</param>
/// <param name="P90">Nine of ten keys never make more.</param>
/// <param name="P99">All but one of a hundred keys never make more.</param>
/// <param name="Max">The busiest key's.</param>
public sealed record ReplayPeaks(string Interval, long P50, long P90, long P99, long Max)
{
    internal static ReplayPeaks Of(string interval, IEnumerable<long> peaks)
    {
        long[] sorted = [.. peaks.Order()];
        return new ReplayPeaks(interval, Rank(sorted, 50), Rank(sorted, 90), Rank(sorted, 99), Rank(sorted, 100));
    }

    private static long Rank(long[] sorted, long percent) =>
        sorted.Length == 0 ? 0 : sorted[((sorted.Length * percent) + 99) / 100 - 1];
}
