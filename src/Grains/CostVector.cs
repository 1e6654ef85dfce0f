using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Quota.Contracts;

namespace Quota.Grains;

/// <summary>
/// The cost of a check in each unit of a plan (<see cref="Model.PlanModel.Units"/>); <see cref="NotNamed"/> where the check does not
/// name the unit. The first is requests.
/// </summary>
[InlineArray(Bounds.UnitsMax)]
[SuppressMessage("Performance", "CA1815", Justification = "Never compared.")]
public struct CostVector
{
    /// <summary>In place of a cost: limits of this unit are not touched.</summary>
    public const long NotNamed = -1;

    private long _first;

    /// <summary>A cost in requests only.</summary>
    public CostVector(long requests)
    {
        Span<long> costs = this;
        costs.Fill(NotNamed);
        costs[0] = requests;
    }

    /// <inheritdoc cref="CostVector(long)"/>
    public static implicit operator CostVector(long requests) => new(requests);

    /// <summary>Whether no unit costs anything.</summary>
    public static bool IsPeek(in CostVector costs)
    {
        foreach (long cost in costs)
        {
            if (cost > 0)
            {
                return false;
            }
        }
        return true;
    }
}
