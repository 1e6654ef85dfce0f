namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The partitions that this silo owns, as the cluster has told it, and with which epoch.
/// <para>
/// Safety. A partition is owned from <see cref="Host"/> to <see cref="Drop"/> or until another silo is heard of that took it later
/// (a higher epoch): then this silo refuses what others send it for the partition, so that they do not keep to an owner that has
/// been replaced, for example one that was paused. A check that passes just before is still answered rightly; see
/// <see cref="ForwardRouter"/>.
/// </para>
/// </summary>
internal sealed class PartitionHosting(PartitionEpochTable known)
{
    private readonly long[] _hosted = new long[known.Partitions];

    public int Partitions => _hosted.Length;

    /// <summary>How many partitions this silo owns.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            for (int partition = 0; partition < _hosted.Length; partition++)
            {
                count += IsHosted(partition) ? 1 : 0;
            }
            return count;
        }
    }

    /// <summary>The epoch with which this silo owns a partition; 0 if it does not.</summary>
    public long EpochOf(int partition) => Volatile.Read(ref _hosted[partition]) is var epoch && epoch >= known[partition] ? epoch : 0;

    public bool IsHosted(int partition) => EpochOf(partition) > 0;

    /// <summary>This silo owns the partition from now on.</summary>
    public void Host(int partition, long epoch)
    {
        Volatile.Write(ref _hosted[partition], epoch);
        known.Learn(partition, epoch);
    }

    /// <summary>This silo does not own the partition any more.</summary>
    public void Drop(int partition) => Volatile.Write(ref _hosted[partition], 0);

    /// <summary>Whether this silo answers for the partition to a sender that has heard of <paramref name="epoch"/>.</summary>
    public bool Serves(int partition, long epoch)
    {
        if (partition >= _hosted.Length)
        {
            return false;
        }
        known.Learn(partition, epoch);
        return IsHosted(partition);
    }
}
