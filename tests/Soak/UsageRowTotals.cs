using Quota.Contracts.V1;

namespace Quota.Soak;

/// <summary>The silo's numbers of one key.</summary>
internal readonly record struct UsageRowTotals(Units Used, Units RolledUp, Units Refunded, Units RolledUpRefunded, Units Reserved)
{
    public static UsageRowTotals operator +(UsageRowTotals a, UsageRowTotals b) =>
        new(a.Used + b.Used, a.RolledUp + b.RolledUp, a.Refunded + b.Refunded, a.RolledUpRefunded + b.RolledUpRefunded, a.Reserved + b.Reserved);

    public static UsageRowTotals From(IEnumerable<UnitUsage> units)
    {
        Dictionary<string, UnitUsage> byName = units.ToDictionary(u => u.Unit);
        Units Of(Func<UnitUsage, long> number) => Units.From(byName.ToDictionary(p => p.Key, p => number(p.Value)));
        return new(Of(u => u.Used), Of(u => u.RolledUp), Of(u => u.Refunded), Of(u => u.RolledUpRefunded), Of(u => u.Reserved));
    }

    /// <summary>What the key counted itself.</summary>
    public UsageRowTotals WithoutRolledUp() => new(Used - RolledUp, default, Refunded - RolledUpRefunded, default, Reserved);
}
