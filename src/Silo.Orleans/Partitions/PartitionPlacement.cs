namespace Quota.Silo.Orleans.Partitions;

/// <summary>
/// A partition is placed by rendezvous hashing (<see cref="Cluster.Forwarding.PartitionMap"/>). Orleans' own hash-based placement takes the
/// hash modulo the number of silos, so that a silo that joins or leaves moves most partitions instead of its share.
/// </summary>
[Serializable]
[GenerateSerializer]
[Alias("quota.partition-placement")]
internal sealed class PartitionPlacement : PlacementStrategy;
