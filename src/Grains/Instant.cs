namespace Quota.Grains;

/// <summary>
/// The two times a decision is made at. Both come from the executor; a grain has no clock.
/// </summary>
/// <param name="WindowNs">
/// Nanoseconds on a monotonic scale that starts near the Unix epoch. Windows and token buckets run on it, so that a step of
/// the wall clock neither empties nor freezes a window.
/// </param>
/// <param name="WallMs">Milliseconds since 1970-01-01T00:00:00Z by the wall clock. Calendar periods run on it.</param>
public readonly record struct Instant(long WindowNs, long WallMs)
{
    /// <summary>An instant at which both scales show the same time.</summary>
    public static Instant FromUnixMs(long unixMs) => new(unixMs * 1_000_000, unixMs);
}
