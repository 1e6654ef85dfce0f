namespace Quota.Bench;

/// <summary>The few statistics a report needs.</summary>
internal static class Statistics
{
    /// <summary>The value below which this share of a sorted series lies (nearest rank).</summary>
    public static double Percentile(ReadOnlySpan<long> sorted, double share) =>
        sorted.IsEmpty ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN
            : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2]
            : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
