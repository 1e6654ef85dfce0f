using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Limiting;

/// <summary>The costs of a request in units besides requests. Names are UTF-8 in the protocol's own buffer, and distinct.</summary>
public readonly ref struct NamedCosts(ReadOnlySpan<byte> buffer, ReadOnlySpan<NamedCost> costs)
{
    private readonly ReadOnlySpan<byte> _buffer = buffer;
    private readonly ReadOnlySpan<NamedCost> _costs = costs;

    public int Count => _costs.Length;

    /// <summary>Units of the cost with this index.</summary>
    public long Units(int index) => _costs[index].Units;

    /// <summary>Name of the unit of the cost with this index.</summary>
    public ReadOnlySpan<byte> Name(int index) => _buffer.Slice(_costs[index].NameStart, _costs[index].NameLength);

    /// <summary>Puts the costs in the places of a plan's units; false if the plan does not meter one of them.</summary>
    public bool TryPlace(PlanModel plan, ref CostVector costs)
    {
        bool all = true;
        for (int i = 0; i < _costs.Length; i++)
        {
            int unit = plan.FindUnit(Name(i));
            if (unit <= 0)
            {
                all = false;
                continue;
            }
            costs[unit] = _costs[i].Units;
        }
        return all;
    }
}
