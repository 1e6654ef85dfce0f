using Quota.Contracts;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>How checks are handed to the silo that owns their key's partition.</summary>
internal sealed record PartitionSettings
{
    /// <summary>Partitions of the cluster; the same in all of its silos, for as long as it exists.</summary>
    public int Count { get; init; } = Bounds.PartitionsDefault;

    /// <summary>An owner that has not answered after this long is not waited for, milliseconds. 10 to 10,000.</summary>
    public int TimeoutMs { get; init; } = 500;
}
