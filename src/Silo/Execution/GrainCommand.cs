using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Execution;

/// <summary>A check whose bounds are checked and whose plan is known.</summary>
public readonly ref struct GrainCommand
{
    public required NamespaceModel Namespace { get; init; }

    public required PlanModel Plan { get; init; }

    /// <summary>The configuration put the key on the plan; otherwise the request did, for this check only.</summary>
    public required bool IsPlanConfigured { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    public required AttributeSet Attributes { get; init; }

    public required long Cost { get; init; }

    public required Instant Now { get; init; }
}
