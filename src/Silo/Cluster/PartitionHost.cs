using Quota.Silo.Cluster.Forwarding;

namespace Quota.Silo.Cluster;

/// <summary>What a silo brings into a cluster of partitions: the parts that whoever places partitions works with.</summary>
/// <param name="Silo">The silo's name, for records and logs.</param>
/// <param name="Router">Sends this silo's checks to their owners.</param>
/// <param name="Hosting">Which partitions this silo owns.</param>
/// <param name="Server">Works on what other silos send.</param>
/// <param name="Records">The partitions' owners, in the store.</param>
/// <param name="Leases">Gives back what this silo holds of a partition that leaves it.</param>
/// <param name="Loggers">Where to log.</param>
internal sealed record PartitionHost(string Silo, ForwardRouter Router, PartitionHosting Hosting, ForwardedBatchServer Server, PartitionRecords Records, IPartitionLeases Leases, ILoggerFactory Loggers);
