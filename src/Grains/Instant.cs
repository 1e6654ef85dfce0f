namespace Quota.Grains;

/// <summary>
/// The two times a decision is made at. Both come from the executor; a grain has no clock. Both are within bounds that keep
/// every sum of an instant and a few periods inside 64 bits; an executor whose clock is outside of them must not decide.
/// </summary>
/// <param name="WindowNs">
/// Nanoseconds on a monotonic scale that starts near the Unix epoch. Windows and token buckets run on it, so that a step of
/// the wall clock neither empties nor freezes a window. 0 to <see cref="WindowNsMax"/>.
/// </param>
/// <param name="WallMs">
/// Milliseconds since 1970-01-01T00:00:00Z by the wall clock. Calendar periods run on it. 0 to <see cref="WallMsMax"/>.
/// </param>
public readonly record struct Instant(long WindowNs, long WallMs)
{
    /// <summary>The year 2116.</summary>
    public const long WindowNsMax = 1L << 62;

    /// <summary>The year 2262.</summary>
    public const long WallMsMax = long.MaxValue / 1_000_000;

    /// <inheritdoc cref="Instant(long, long)"/>
    public long WindowNs { get; init => field = InBounds(value, WindowNsMax); } = InBounds(WindowNs, WindowNsMax);

    /// <inheritdoc cref="Instant(long, long)"/>
    public long WallMs { get; init => field = InBounds(value, WallMsMax); } = InBounds(WallMs, WallMsMax);

    /// <summary>Whether an instant can have these two times.</summary>
    public static bool IsInBounds(long windowNs, long wallMs) => windowNs is >= 0 and <= WindowNsMax && wallMs is >= 0 and <= WallMsMax;

    /// <summary>An instant at which both scales show the same time.</summary>
    public static Instant FromUnixMs(long unixMs) => new(unixMs * 1_000_000, unixMs);

    private static long InBounds(long value, long max)
    {
        Invariant.Check(value >= 0 && value <= max);
        return value;
    }
}
