using Quota.Grains;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The highest epoch of each partition that this silo has heard of. An epoch is a partition's count of owners, kept in the store
/// (<see cref="PartitionRecords"/>). Safe for concurrent use: each only rises.
/// </summary>
internal sealed class PartitionEpochTable(int partitions)
{
    private readonly long[] _epochs = new long[partitions];

    public int Partitions => _epochs.Length;

    /// <summary>The epoch of a partition; 0 if this silo has not heard of one.</summary>
    public long this[int partition] => Volatile.Read(ref _epochs[partition]);

    public void Learn(int partition, long epoch)
    {
        Invariant.Check(partition >= 0 && partition < _epochs.Length);
        long known = Volatile.Read(ref _epochs[partition]);
        while (epoch > known)
        {
            long before = Interlocked.CompareExchange(ref _epochs[partition], epoch, known);
            if (before == known)
            {
                return;
            }
            known = before;
        }
    }
}
