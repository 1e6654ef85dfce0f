using System.Diagnostics;
using Quota.Grains;

namespace Quota.Silo.Time;

/// <summary>
/// The machine's clocks. The window scale is the monotonic clock, set once, at construction, to the wall clock or to the latest
/// instant that the journal or store has seen, whichever is later; so it goes on where it was across a restart on which the wall
/// clock has stepped back. The wall clock is read again at least every <see cref="WallSampleNs"/>.
/// <para>
/// Safe for concurrent use: the only shared state is the offset between the scales, one word that any thread may renew; a
/// thread that reads the old one is at most one sample late.
/// </para>
/// </summary>
public sealed class SystemClock : IClock
{
    /// <summary>Reading both clocks for every decision would double the cost of the time stamp; a calendar needs no better than this.</summary>
    private const long WallSampleNs = 50_000_000;

    private readonly long _originTimestamp = Stopwatch.GetTimestamp();
    private readonly long _originNs;
    private long _wallOffsetNs;
    private long _nextSampleNs;

    /// <param name="notBeforeNs">The latest instant of the window scale that was ever used, or 0.</param>
    public SystemClock(long notBeforeNs = 0)
    {
        _originNs = Math.Max(UtcNowNs(), notBeforeNs);
        Sample(_originNs);
    }

    public Instant Now()
    {
        long windowNs = _originNs + ToNs(Stopwatch.GetTimestamp() - _originTimestamp);
        if (windowNs >= Volatile.Read(ref _nextSampleNs))
        {
            Sample(windowNs);
        }
        return new Instant(windowNs, (windowNs + Volatile.Read(ref _wallOffsetNs)) / 1_000_000);
    }

    private void Sample(long windowNs)
    {
        Volatile.Write(ref _wallOffsetNs, UtcNowNs() - windowNs);
        Volatile.Write(ref _nextSampleNs, windowNs + WallSampleNs);
    }

    private static long UtcNowNs() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    private static long ToNs(long timestamp) =>
        Stopwatch.Frequency == 1_000_000_000 ? timestamp : (long)((Int128)timestamp * 1_000_000_000 / Stopwatch.Frequency);
}
