using Quota.Contracts.V1;

namespace Quota.Silo.Protocols.Usage;

/// <summary>
/// Control totals over rows of usage, without what was rolled up, so that no unit is added twice. Sums that do not fit 64 bits
/// are clamped. Not thread-safe.
/// </summary>
internal sealed class UsageTotals
{
    private readonly SortedDictionary<string, Sums> _units = new(StringComparer.Ordinal);

    /// <summary>Keys added.</summary>
    public long Keys { get; private set; }

    /// <summary>Whether every key's month was sealed.</summary>
    public bool AllSealed { get; private set; } = true;

    public void Add(KeyUsage usage)
    {
        Keys++;
        AllSealed &= usage.State == MonthState.Sealed;
        foreach (UnitUsage unit in usage.Units)
        {
            AddUnit(unit);
        }
    }

    /// <summary>The totals, ascending by unit.</summary>
    public IEnumerable<UnitUsage> Units() => _units.Select(u => new UnitUsage
    {
        Unit = u.Key,
        Used = Clamp(u.Value.Used),
        Refunded = Clamp(u.Value.Refunded),
        Adjusted = Clamp(u.Value.Adjusted),
        Billable = Clamp(u.Value.Used - u.Value.Refunded + u.Value.Adjusted),
        Denied = Clamp(u.Value.Denied),
        WouldDeny = Clamp(u.Value.WouldDeny),
    });

    /// <summary>The last row of a stream.</summary>
    /// <param name="monthSealed">Whether the namespace's own month is sealed.</param>
    public UsageTrailer Trailer(bool monthSealed)
    {
        var trailer = new UsageTrailer { Keys = Keys, Sealed = AllSealed && monthSealed };
        trailer.Totals.Add(Units());
        return trailer;
    }

    private void AddUnit(UnitUsage unit)
    {
        Sums sum = _units.GetValueOrDefault(unit.Unit);
        _units[unit.Unit] = new Sums(
            sum.Used + unit.Used - unit.RolledUp,
            sum.Refunded + unit.Refunded - unit.RolledUpRefunded,
            sum.Adjusted + unit.Adjusted,
            sum.Denied + unit.Denied,
            sum.WouldDeny + unit.WouldDeny);
    }

    private static long Clamp(Int128 value) => (long)Int128.Clamp(value, long.MinValue, long.MaxValue);

    private readonly record struct Sums(Int128 Used, Int128 Refunded, Int128 Adjusted, Int128 Denied, Int128 WouldDeny);
}
