using Quota.Contracts;

namespace Quota.Silo.Cluster;

/// <summary>
/// What the signs of life say of this machine's clock. A sign of life that was read some time after it was written makes its silo's
/// clock look slower than it is, never faster.
/// </summary>
internal static class SiloClocks
{
    /// <summary>Why this silo must not start with its clock, or null.</summary>
    /// <param name="others">The other silos, watched for <see cref="Bounds.SiloWatchMs"/>.</param>
    public static string? Problem(IEnumerable<SiloWatch> others)
    {
        List<long> skews = [.. others.Where(o => o.HasMoved && !o.Record!.IsStopped).Select(o => o.SkewMs).Order()];
        if (skews.Count == 0)
        {
            return null;
        }
        long aheadMs = skews[skews.Count / 2];
        if (aheadMs > Bounds.ClockSkewMaxMs)
        {
            return $"the clock of this machine is {aheadMs} ms behind those of {skews.Count} other silos: at most {Bounds.ClockSkewMaxMs} ms are allowed";
        }
        // The sign of life may be as old as the watch was long.
        return aheadMs < -(Bounds.ClockSkewMaxMs + Bounds.SiloWatchMs)
            ? $"the clock of this machine is about {-aheadMs} ms ahead of those of {skews.Count} other silos: at most {Bounds.ClockSkewMaxMs} ms are allowed"
            : null;
    }

    /// <summary>Whether a silo's clock is too far from this machine's to be followed.</summary>
    public static bool IsTooFar(SiloWatch other) => other.SkewMs > Bounds.ClockSkewMaxMs || other.SkewMs < -(Bounds.ClockSkewMaxMs + Bounds.SiloBeatMs);

    /// <summary>How far the fastest of the clocks that can be followed is ahead of this machine's, in ms.</summary>
    public static long AheadMs(IEnumerable<SiloWatch> others, long tickMs) =>
        others.Where(o => o.HasMoved && o.State(tickMs) is SiloState.Live or SiloState.Late && !IsTooFar(o)).Select(o => o.SkewMs).DefaultIfEmpty(0).Max();
}
