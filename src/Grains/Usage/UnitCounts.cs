namespace Quota.Grains.Usage;

/// <summary>What was counted of one unit. No count is negative.</summary>
/// <param name="Unit">1 to 64 bytes of UTF-8.</param>
/// <param name="Used">Units of accepted checks and settled reservations, the key's descendants included.</param>
/// <param name="RolledUp">Of these, counted by descendants of the key.</param>
/// <param name="Refunded">Units given back.</param>
/// <param name="RolledUpRefunded">Of these, given back by descendants of the key.</param>
/// <param name="Denied">Units of refused checks.</param>
/// <param name="WouldDeny">Units of checks that a limit in shadow mode would have refused.</param>
public readonly record struct UnitCounts(string Unit, long Used = 0, long RolledUp = 0, long Refunded = 0, long RolledUpRefunded = 0, long Denied = 0, long WouldDeny = 0)
{
    /// <summary>These counts and those of <paramref name="other"/>, under this name; each stops at <see cref="UsageSum.Max"/>.</summary>
    public UnitCounts Plus(in UnitCounts other) => this with
    {
        Used = UsageSum.Of(Used, other.Used),
        RolledUp = UsageSum.Of(RolledUp, other.RolledUp),
        Refunded = UsageSum.Of(Refunded, other.Refunded),
        RolledUpRefunded = UsageSum.Of(RolledUpRefunded, other.RolledUpRefunded),
        Denied = UsageSum.Of(Denied, other.Denied),
        WouldDeny = UsageSum.Of(WouldDeny, other.WouldDeny),
    };
}
