namespace Quota.Silo.Execution.Local;

/// <summary>Where a reservation is in its life. APPEND-ONLY: persisted in <see cref="ReservationState"/>.</summary>
internal enum ReservationPhase : byte
{
    Open = 1,
    Settled = 2,
    Cancelled = 3,

    /// <summary>Its time to live was over, and it was settled as estimated.</summary>
    ExpiredSettled = 4,

    /// <summary>Its time to live was over, and everything was given back.</summary>
    ExpiredCancelled = 5,
}
