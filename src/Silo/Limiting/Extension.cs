namespace Quota.Silo.Limiting;

/// <summary>What an extension came to.</summary>
/// <param name="Decision">The decision over the units to hold in addition; allowed if there are none.</param>
/// <param name="Reservation">The reservation as it is now.</param>
public sealed record Extension(Decision Decision, ReservationHandle Reservation);
