namespace Quota.Silo.Events;

/// <summary>How far the delivery of an event is. Kept with it.</summary>
/// <param name="State">What has become of it.</param>
/// <param name="Attempts">Attempts that ended, 0 to <see cref="Contracts.Bounds.EventAttemptsMax"/>.</param>
/// <param name="NextAttemptNs">
/// While pending: when it is tried next, on the window scale (<see cref="Grains.Instant.WindowNs"/>), so that a step of the wall
/// clock neither stops nor hastens it.
/// </param>
/// <param name="EndedAtMs">Delivered, given up or logged only: when, in ms since 1970-01-01T00:00:00Z. 0 while pending.</param>
public readonly record struct EventDelivery(EventState State, int Attempts, long NextAttemptNs, long EndedAtMs)
{
    /// <summary>An event that was just raised: due at once.</summary>
    public static EventDelivery Due(long nowNs) => new(EventState.Pending, 0, nowNs, 0);

    /// <summary>An event that is not delivered: the log has it.</summary>
    public static EventDelivery LoggedOnly(long nowMs) => new(EventState.LoggedOnly, 0, 0, nowMs);
}
