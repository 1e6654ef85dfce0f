using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Grains.Usage;

/// <summary>What a block's usage section depends on: the calendar the key is billed by, and the units that are metered.</summary>
public sealed class UsageShape : IEquatable<UsageShape>
{
    /// <param name="billing">The calendar whose days the section is cut by.</param>
    /// <param name="units">1 to 8 distinct units; the first is requests.</param>
    public UsageShape(BillingModel billing, IReadOnlyList<string> units)
    {
        Invariant.Check(units.Count is >= 1 and <= Bounds.UnitsMax);
        Billing = billing;
        Units = [.. units];
    }

    public BillingModel Billing { get; }

    public string[] Units { get; }

    public bool Equals(UsageShape? other) => other is not null && Billing.Equals(other.Billing) && Units.AsSpan().SequenceEqual(other.Units);

    public override bool Equals(object? obj) => Equals(obj as UsageShape);

    public override int GetHashCode() => HashCode.Combine(Billing, Units.Length, Units[^1]);
}
