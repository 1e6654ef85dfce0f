namespace Quota.Soak;

/// <summary>A reservation that a worker holds.</summary>
/// <param name="Key">Whose it is.</param>
/// <param name="Id">The silo's name of it.</param>
/// <param name="Estimate">What was reserved.</param>
/// <param name="Cancels">What its expiry does: cancel instead of settle.</param>
/// <param name="ExpiresAtMs">When it expires, on the silo's clock.</param>
internal sealed record OpenReservation(string Key, string Id, Units Estimate, bool Cancels, long ExpiresAtMs)
{
    /// <summary>
    /// Whether units may have been added. An extension has no request id: repeated, it may have added more than once, so what is held
    /// is not known exactly, and the reservation has to be ended by a call that says the true cost.
    /// </summary>
    public bool Grown { get; init; }

    /// <summary>What its expiry counts.</summary>
    public Units OnExpiry => Cancels ? default : Estimate;
}
