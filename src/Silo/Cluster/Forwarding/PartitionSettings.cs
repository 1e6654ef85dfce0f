using Quota.Contracts;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>How checks are handed to the silo that owns their key's partition.</summary>
internal sealed record PartitionSettings
{
    /// <summary>Partitions of the cluster; the same in all of its silos, for as long as it exists.</summary>
    public int Count { get; init; } = Bounds.PartitionsDefault;

    /// <summary>
    /// An owner that has not answered after this long is not waited for, milliseconds. 10 to 40,000. Unless configured a little longer than a
    /// call to the store may take, which the owner may have to make: a slow store should be slow, not a lost answer. Of an owner that
    /// has died its connections tell sooner.
    /// </summary>
    public int TimeoutMs { get; init; } = 2_000 + Bounds.ForwardMarginMs;
}
