namespace Quota.Silo.Limiting;

/// <summary>A reservation as its caller knows it.</summary>
/// <param name="Id">Random; all zeros if there is none.</param>
/// <param name="ExpiresMs">When it expires by the wall clock, milliseconds since 1970-01-01T00:00:00Z.</param>
public readonly record struct ReservationHandle(UInt128 Id, long ExpiresMs)
{
    public bool Exists => Id != UInt128.Zero;
}
