namespace Quota.Silo.Limiting;

/// <summary>Names a reservation.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Key">The key it was made for.</param>
/// <param name="ReservationId">32 hexadecimal digits.</param>
public record ReservationInput(string Namespace, string Key, string ReservationId);
