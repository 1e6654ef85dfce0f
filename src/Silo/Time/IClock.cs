using Quota.Grains;

namespace Quota.Silo.Time;

/// <summary>The one source of time. Everything that decides takes its instant from here, or is handed one that came from here.</summary>
public interface IClock
{
    /// <summary>
    /// The instant now. Never goes back on <see cref="Instant.WindowNs"/>; <see cref="Instant.WallMs"/> follows the wall clock,
    /// whichever way that steps.
    /// </summary>
    Instant Now();
}
