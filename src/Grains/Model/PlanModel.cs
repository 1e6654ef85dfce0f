using Quota.Contracts;

namespace Quota.Grains.Model;

/// <summary>
/// A named set of limits, immutable. Its limits without <c>per</c> share one counter block per key, laid out by
/// <see cref="Layout"/>; each limit with <c>per</c> has one block per combination of attribute values, laid out by
/// <see cref="PerLayout"/>.
/// </summary>
public sealed class PlanModel
{
    private readonly int[] _offsets;
    private readonly int[] _layoutIndexes;
    private readonly CounterLayout?[] _perLayouts;
    private readonly uint _conditional;

    /// <param name="name">The plan's name within its namespace.</param>
    /// <param name="limits">0 to 32 limits with distinct names.</param>
    /// <param name="units">Units besides requests that are metered whether or not a limit counts them.</param>
    /// <param name="billing">The calendar that usage under this plan is billed by; null: months of UTC.</param>
    public PlanModel(string name, IReadOnlyList<LimitModel> limits, IReadOnlyList<string>? units = null, BillingModel? billing = null)
    {
        Invariant.Check(limits.Count <= Bounds.LimitsPerPlanMax);
        Invariant.Check(limits.Select(l => l.Name).Distinct(StringComparer.Ordinal).Count() == limits.Count);
        Name = name;
        Billing = billing ?? BillingModel.Utc;
        Units = ["requests", .. units ?? []];
        Limits = [.. limits];
        Layout = new CounterLayout([.. limits.Where(l => l.Per.Count == 0).Select(l => l.Shape)]);
        _perLayouts = [.. limits.Select(l => l.Per.Count > 0 ? new CounterLayout([l.Shape]) : null)];
        _offsets = new int[limits.Count];
        _layoutIndexes = new int[limits.Count];
        int shared = 0;
        for (int i = 0; i < limits.Count; i++)
        {
            if (limits[i].Per.Count == 0)
            {
                _layoutIndexes[i] = shared;
                _offsets[i] = Layout.Offset(shared++);
            }
            else
            {
                PerMask |= 1u << i;
            }
            if (limits[i].Match.Count > 0)
            {
                _conditional |= 1u << i;
            }
            if (limits[i].Mode == LimitMode.Shadow)
            {
                ShadowMask |= 1u << i;
            }
        }
    }

    public string Name { get; }

    public LimitModel[] Limits { get; }

    /// <summary>Everything that is metered, by name; the first is requests.</summary>
    public string[] Units { get; }

    /// <summary>The calendar that usage is billed by.</summary>
    public BillingModel Billing { get; }

    /// <summary>Layout of the block shared by all limits without <c>per</c>.</summary>
    public CounterLayout Layout { get; }

    /// <summary>Bit i is set if limit i counts per attribute value.</summary>
    public uint PerMask { get; }

    /// <summary>Bit i is set if limit i is in shadow mode.</summary>
    public uint ShadowMask { get; }

    /// <summary>All limits, as a mask.</summary>
    public uint AllMask => Limits.Length == 32 ? uint.MaxValue : (1u << Limits.Length) - 1;

    /// <summary>Offset in bytes of limit <paramref name="index"/> in its block.</summary>
    public int Offset(int index) => _offsets[index];

    /// <summary>Position of limit <paramref name="index"/> within its block's layout.</summary>
    public int LayoutIndex(int index) => _layoutIndexes[index];

    /// <summary>From limits without <c>per</c>, as a mask of the plan, to their counters, as a mask of <see cref="Layout"/>.</summary>
    public uint LayoutMask(uint limits)
    {
        Invariant.Check((limits & PerMask) == 0);
        if (PerMask == 0)
        {
            return limits;
        }
        uint mask = 0;
        for (uint rest = limits; rest != 0; rest &= rest - 1)
        {
            mask |= 1u << _layoutIndexes[System.Numerics.BitOperations.TrailingZeroCount(rest)];
        }
        return mask;
    }

    /// <summary>Layout of the block of limit <paramref name="index"/>, which counts per attribute value.</summary>
    public CounterLayout PerLayout(int index) => _perLayouts[index]!;

    /// <summary>Which limits apply to a request with these attributes, as a mask.</summary>
    public uint Applicable(in AttributeSet attributes)
    {
        uint mask = AllMask;
        for (uint rest = _conditional; rest != 0; rest &= rest - 1)
        {
            int i = System.Numerics.BitOperations.TrailingZeroCount(rest);
            if (!Limits[i].AppliesTo(attributes))
            {
                mask &= ~(1u << i);
            }
        }
        return mask;
    }
}
