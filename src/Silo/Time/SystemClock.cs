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
    public const long WallSampleNs = 50_000_000;

    private readonly TimeProvider _time;
    private readonly long _originTimestamp;
    private readonly long _originNs;
    private readonly bool _timestampsAreNs;
    private long _wallOffsetNs;
    private long _nextSampleNs;

    /// <param name="time">Both clocks of the machine.</param>
    /// <param name="notBeforeNs">The latest instant of the window scale that was ever used, or 0.</param>
    public SystemClock(TimeProvider time, long notBeforeNs = 0)
    {
        _time = time;
        _timestampsAreNs = time.TimestampFrequency == 1_000_000_000;
        _originTimestamp = time.GetTimestamp();
        _originNs = Math.Max(UtcNowNs(), notBeforeNs);
        Sample(_originNs);
    }

    public Instant Now()
    {
        long windowNs = _originNs + ToNs(_time.GetTimestamp() - _originTimestamp);
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

    /// <summary>A wall clock outside of what an instant can hold is taken for the nearest time that it can.</summary>
    private long UtcNowNs() => Math.Clamp((_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks, 0, Instant.WindowNsMax / 100) * 100;

    private long ToNs(long timestamp) => _timestampsAreNs ? timestamp : (long)((Int128)timestamp * 1_000_000_000 / _time.TimestampFrequency);
}
