using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// Which silo owns which partition, for one set of silos. Immutable. Every silo that sees the same set makes the same map: of each
/// partition the silo with the highest hash of both (rendezvous hashing, Thaler and Ravishankar 1996), so a silo that joins or leaves
/// moves only the partitions it gets or had. The map is a hint: silos that see different sets for a moment send to different
/// owners, which costs a detour and never an answer that is wrong.
/// </summary>
internal sealed class PartitionMap
{
    public static readonly PartitionMap Empty = new(1, []);

    private readonly short[] _owners;

    /// <param name="partitions">How many there are.</param>
    /// <param name="members">The silos that work, in any order.</param>
    public PartitionMap(int partitions, IEnumerable<PartitionMember> members)
    {
        Invariant.Check(partitions is > 0 and <= Bounds.PartitionsMax);
        Members = [.. members.OrderBy(m => m.Name, StringComparer.Ordinal)];
        Invariant.Check(Members.Length < short.MaxValue && Members.Count(m => m.IsSelf) <= 1);
        _owners = new short[partitions];
        for (int partition = 0; partition < partitions; partition++)
        {
            _owners[partition] = (short)Highest(Members, partition);
        }
    }

    public int Partitions => _owners.Length;

    public PartitionMember[] Members { get; }

    /// <summary>Index in <see cref="Members"/> of the silo that owns a partition; -1 if there is no silo.</summary>
    public int OwnerOf(int partition) => _owners[partition];

    /// <summary>Whether this silo owns a partition.</summary>
    public bool IsOwn(int partition) => _owners[partition] is >= 0 and short owner && Members[owner].IsSelf;

    /// <summary>The partitions of this silo.</summary>
    public IEnumerable<int> Own() => Enumerable.Range(0, Partitions).Where(IsOwn);

    private static int Highest(PartitionMember[] members, int partition)
    {
        ulong seed = PartitionNumber.Mix((ulong)partition + 1);
        int best = -1;
        ulong highest = 0;
        for (int i = 0; i < members.Length; i++)
        {
            ulong weight = PartitionNumber.Mix(members[i].Hash ^ seed);
            if (best < 0 || weight > highest)
            {
                (best, highest) = (i, weight);
            }
        }
        return best;
    }
}
