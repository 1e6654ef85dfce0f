namespace Quota.Silo.Limiting;

/// <summary>For how long a reservation holds its units, and what happens then.</summary>
/// <param name="TtlMs">Time to live in milliseconds; 0 for the default.</param>
/// <param name="SettlesWhenExpired">Settle as estimated, or cancel; null: what the namespace says.</param>
public readonly record struct ReservationTerms(long TtlMs, bool? SettlesWhenExpired);
