namespace Quota.Silo.Limiting;

/// <summary>A longer life for a reservation.</summary>
public sealed record ExtendInput(string Namespace, string Key, string ReservationId) : ReservationInput(Namespace, Key, ReservationId)
{
    /// <summary>The new time to live from now in milliseconds; 0 for the default.</summary>
    public long TtlMs { get; init; }

    /// <summary>Units to hold in addition, by unit.</summary>
    public IReadOnlyDictionary<string, long> AddCosts { get; init; } = new Dictionary<string, long>();
}
