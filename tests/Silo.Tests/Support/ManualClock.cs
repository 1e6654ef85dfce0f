using Quota.Grains;
using Quota.Silo.Time;

namespace Quota.Silo.Tests.Support;

/// <summary>A clock that moves only when a test moves it.</summary>
internal sealed class ManualClock(long unixMs = ManualClock.DefaultStartMs) : IClock
{
    /// <summary>2026-03-10T12:00:00Z.</summary>
    public const long DefaultStartMs = 1_773_144_000_000;

    private readonly Lock _gate = new();
    private Instant _now = Instant.FromUnixMs(unixMs);

    public Instant Now()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public void AdvanceMs(long ms)
    {
        lock (_gate)
        {
            _now = new Instant(_now.WindowNs + (ms * 1_000_000), _now.WallMs + ms);
        }
    }

    public void SetUnixMs(long unixMs)
    {
        lock (_gate)
        {
            _now = Instant.FromUnixMs(unixMs);
        }
    }
}
