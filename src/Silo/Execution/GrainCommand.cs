using System.Diagnostics.CodeAnalysis;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution;

/// <summary>A check whose bounds are checked and whose plan is known.</summary>
/// <param name="costs">In the units of <see cref="Plan"/>.</param>
public readonly ref struct GrainCommand(in CostVector costs)
{
    private readonly CostVector _costs = costs;

    public required NamespaceModel Namespace { get; init; }

    public required PlanModel Plan { get; init; }

    /// <summary>The configuration put the key on the plan; otherwise the request did, for this check only.</summary>
    public required bool IsPlanConfigured { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    /// <summary>The level above the key, which counts with it and has levels above of its own; null if there is none.</summary>
    public KeyState? Above { get; init; }

    public required AttributeSet Attributes { get; init; }

    /// <summary>In the units of <see cref="Plan"/>; by reference, because it is read many times and is as long as a cache line.</summary>
    [UnscopedRef]
    public ref readonly CostVector Costs => ref _costs;

    /// <summary>The costs in units besides requests, for the levels above.</summary>
    public NamedCosts Named { get; init; }

    /// <summary>Decide, and count nothing.</summary>
    public bool IsPeek { get; init; }

    /// <summary>The caller's id of this request, or empty.</summary>
    public ReadOnlySpan<byte> RequestId { get; init; }

    /// <summary>Set if the units are to be held, not used.</summary>
    public ReservationTerms? Hold { get; init; }

    public required Instant Now { get; init; }
}
