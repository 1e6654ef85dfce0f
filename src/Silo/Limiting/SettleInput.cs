namespace Quota.Silo.Limiting;

/// <summary>The true cost of a reservation.</summary>
public sealed record SettleInput(string Namespace, string Key, string ReservationId) : ReservationInput(Namespace, Key, ReservationId)
{
    /// <summary>By unit, requests included; a unit that is not here settles as reserved.</summary>
    public IReadOnlyDictionary<string, long> Costs { get; init; } = new Dictionary<string, long>();
}
