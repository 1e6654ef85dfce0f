using System.Numerics;
using Quota.Contracts;
using Quota.Grains.Usage;

namespace Quota.Grains.Model;

/// <summary>
/// A named set of limits, immutable. All limits have their place in the key's own block, laid out by <see cref="Layout"/> in the
/// order of the plan, so that a mask of limits is a mask of counters; each limit with <c>per</c> counts in one block per
/// combination of attribute values, laid out by <see cref="PerLayout"/>.
/// </summary>
public sealed class PlanModel
{
    /// <summary>The unit that every plan meters.</summary>
    public const string Requests = CounterShape.Requests;

    private readonly CounterLayout?[] _perLayouts;
    private readonly uint[] _unitMasks;
    private readonly byte[] _limitUnits;
    private readonly uint _conditional;

    /// <param name="name">The plan's name within its namespace.</param>
    /// <param name="limits">0 to 32 limits with distinct names.</param>
    /// <param name="units">Units besides requests that are metered whether or not a limit counts them.</param>
    /// <param name="billing">The calendar that usage under this plan is billed by; null: usage is not kept.</param>
    public PlanModel(string name, IReadOnlyList<LimitModel> limits, IReadOnlyList<string>? units = null, BillingModel? billing = null)
        : this(name, limits, units, billing, [])
    {
        foreach ((int i, LimitModel limit) in limits.Index())
        {
            ConcurrencyMask |= limit.Shape.Algorithm == LimitAlgorithm.Concurrency ? 1u << i : 0;
        }
    }

    /// <summary>The plan as a silo decides by it alone.</summary>
    private PlanModel(PlanModel plan)
        : this(plan.Name, [.. plan.Limits.Select(l => l.ForLease())], plan.Units[1..], plan.Billing, [CounterShape.LeaseHead()])
    {
        ConcurrencyMask = plan.ConcurrencyMask;
        Invariant.Check(Units.AsSpan().SequenceEqual(plan.Units));
    }

    private PlanModel(string name, IReadOnlyList<LimitModel> limits, IReadOnlyList<string>? units, BillingModel? billing, CounterShape[] tail)
    {
        Invariant.Check(limits.Count <= Bounds.LimitsPerPlanMax);
        Invariant.Check(limits.Select(l => l.Name).Distinct(StringComparer.Ordinal).Count() == limits.Count);
        Name = name;
        Billing = billing;
        Limits = [.. limits];
        Units = [.. Enumerable.Empty<string>().Append(Requests).Concat(units ?? []).Concat(limits.Select(l => l.Unit)).Distinct(StringComparer.Ordinal)];
        Invariant.Check(Units.Length <= Bounds.UnitsMax);
        UnitsUtf8 = [.. Units.Select(System.Text.Encoding.UTF8.GetBytes)];
        Layout = new CounterLayout(
            [.. limits.Select(l => l.Per.Count == 0 ? l.Shape : CounterShape.PerValue(l.Name, l.Unit)), .. tail],
            billing is null ? null : new UsageShape(billing, Units));
        _perLayouts = [.. limits.Select(l => l.Per.Count > 0 ? new CounterLayout([l.Shape, .. tail]) : null)];
        _limitUnits = [.. limits.Select(l => (byte)Array.IndexOf(Units, l.Unit))];
        _unitMasks = new uint[Units.Length];
        for (int i = 0; i < limits.Count; i++)
        {
            _unitMasks[_limitUnits[i]] |= 1u << i;
            PerMask |= limits[i].Per.Count > 0 ? 1u << i : 0;
            _conditional |= limits[i].Match.Count > 0 ? 1u << i : 0;
            ThresholdMask |= limits[i].Thresholds.Length > 0 ? 1u << i : 0;
            ShadowMask |= limits[i].Mode == LimitMode.Shadow ? 1u << i : 0;
        }
    }

    public string Name { get; }

    public LimitModel[] Limits { get; }

    /// <summary>Everything that is metered, by name; the first is requests.</summary>
    public string[] Units { get; }

    /// <summary><see cref="Units"/> in UTF-8.</summary>
    public byte[][] UnitsUtf8 { get; }

    /// <summary>The calendar that usage is billed by; null if usage is not kept.</summary>
    public BillingModel? Billing { get; }

    /// <summary>Layout of the key's own block.</summary>
    public CounterLayout Layout { get; }

    /// <summary>Bit i is set if limit i counts per attribute value.</summary>
    public uint PerMask { get; }

    /// <summary>Bit i is set if limit i is in shadow mode.</summary>
    public uint ShadowMask { get; }

    /// <summary>Bit i is set if limit i is held by reservations only: plain checks do not touch it.</summary>
    public uint ConcurrencyMask { get; }

    /// <summary>Bit i is set if limit i raises events when thresholds are reached.</summary>
    public uint ThresholdMask { get; }

    /// <summary>
    /// The same limits as a silo of a cluster decides on them alone: each counter is a <see cref="Counters.LeaseCounter"/>, and the
    /// last counter of each block its <see cref="Counters.LeaseHead"/>.
    /// </summary>
    public PlanModel Leased => field ??= new PlanModel(this);

    /// <summary>All limits, as a mask.</summary>
    public uint AllMask => Limits.Length == 32 ? uint.MaxValue : (1u << Limits.Length) - 1;

    /// <summary>Offset in bytes of limit <paramref name="index"/> in the key's own block.</summary>
    public int Offset(int index) => Layout.Offset(index);

    /// <summary>Layout of the block of limit <paramref name="index"/>, which counts per attribute value.</summary>
    public CounterLayout PerLayout(int index) => _perLayouts[index]!;

    /// <summary>Index in <see cref="Units"/> of the unit of this name; -1 if the plan does not meter it.</summary>
    public int FindUnit(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < UnitsUtf8.Length; i++)
        {
            if (name.SequenceEqual(UnitsUtf8[i]))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>Index in <see cref="Units"/> of what limit <paramref name="index"/> counts.</summary>
    public int UnitOf(int index) => _limitUnits[index];

    /// <summary>The limits that count unit <paramref name="unit"/>, as a mask.</summary>
    public uint UnitMask(int unit) => _unitMasks[unit];

    /// <summary>The limits whose unit has a cost, as a mask.</summary>
    public uint Named(in CostVector costs)
    {
        uint mask = 0;
        for (int unit = 0; unit < _unitMasks.Length; unit++)
        {
            mask |= costs[unit] != CostVector.NotNamed ? _unitMasks[unit] : 0;
        }
        return mask;
    }

    /// <summary>Which limits apply to a request with these attributes, as a mask.</summary>
    public uint Applicable(in AttributeSet attributes)
    {
        uint mask = AllMask;
        for (uint rest = _conditional; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            if (!Limits[i].AppliesTo(attributes))
            {
                mask &= ~(1u << i);
            }
        }
        return mask;
    }
}
