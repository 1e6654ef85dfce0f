namespace Quota.Grains;

/// <summary>Conversions between the units of time, none of which wraps.</summary>
public static class Duration
{
    private const long NsPerMs = 1_000_000;

    /// <summary>Nanoseconds; a time of more than 292 years becomes that.</summary>
    public static long NsFromMs(long ms) => Math.Min(ms, long.MaxValue / NsPerMs) * NsPerMs;

    /// <summary>Milliseconds, rounded up.</summary>
    /// <param name="ns">At least 0.</param>
    public static long CeilMs(long ns) => (long)(((ulong)ns + NsPerMs - 1) / NsPerMs);
}
