namespace Quota.Silo.Cluster;

/// <summary>What a silo says of itself with every sign of life.</summary>
/// <param name="Leases">Leases it holds.</param>
/// <param name="Partitions">Partitions it owns.</param>
/// <param name="PersistenceLagMs">Age of the oldest decision that the shared store does not have yet, in ms.</param>
/// <param name="UnsettledUnits">Units it has decided or was handed, and that the shared store does not know as used or free.</param>
public readonly record struct SiloNumbers(long Leases, int Partitions, long PersistenceLagMs, long UnsettledUnits);
