using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>What makes a silo one of many: <c>executor</c>, <c>store</c> and <c>partitions</c> of the <c>server</c> section.</summary>
public sealed record ClusterSettings
{
    /// <summary><see cref="ExecutorKind.Shared"/> or <see cref="ExecutorKind.Orleans"/>.</summary>
    public required ExecutorKind Executor { get; init; }

    /// <summary>The store that all silos share.</summary>
    public required StoreSettings Store { get; init; }

    /// <summary>Parts the keys are divided into; the same on every silo, for good. A power of two from 16 to 65,536.</summary>
    public int Partitions { get; init; } = Contracts.Bounds.PartitionsDefault;

    /// <summary>Set for <see cref="ExecutorKind.Orleans"/>.</summary>
    internal OrleansSettings? Orleans { get; init; }
}
