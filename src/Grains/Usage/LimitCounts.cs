namespace Quota.Grains.Usage;

/// <summary>What one limit counted. No count is negative.</summary>
/// <param name="Limit">1 to 64 bytes of UTF-8.</param>
/// <param name="Unit">What it counts. A limit that changes its unit is another row.</param>
/// <param name="Used">Units of accepted checks and settled reservations that the limit applied to.</param>
/// <param name="Refunded">Units given back.</param>
/// <param name="Denied">Units of checks that this limit refused.</param>
/// <param name="WouldDeny">Units of checks that it would have refused were it not in shadow mode.</param>
public readonly record struct LimitCounts(string Limit, string Unit, long Used = 0, long Refunded = 0, long Denied = 0, long WouldDeny = 0)
{
    /// <summary>These counts and those of <paramref name="other"/>, under this name; each stops at <see cref="UsageSum.Max"/>.</summary>
    public LimitCounts Plus(in LimitCounts other) => this with
    {
        Used = UsageSum.Of(Used, other.Used),
        Refunded = UsageSum.Of(Refunded, other.Refunded),
        Denied = UsageSum.Of(Denied, other.Denied),
        WouldDeny = UsageSum.Of(WouldDeny, other.WouldDeny),
    };
}
