namespace Quota.Silo.Cluster;

/// <summary>What a silo holds of the keys of a partition, seen by whoever moves partitions.</summary>
internal interface IPartitionLeases
{
    /// <summary>
    /// Settles and gives back every lease on keys of a partition, so that the next owner finds the counts as they are. What cannot be
    /// given back now stays in this silo's journal and is settled later; nothing depends on this but speed. Never throws for
    /// operational faults.
    /// </summary>
    ValueTask GiveBackAsync(int partition, CancellationToken cancellation);
}
