using System.Text;
using Quota.Grains;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>A silo as the map of partitions sees it.</summary>
/// <param name="name">Its address, without what changes when it restarts: it gets its partitions back.</param>
/// <param name="handle">What the transport finds it by; another one after a restart.</param>
/// <param name="isSelf">It is this silo.</param>
internal sealed class PartitionMember(string name, object handle, bool isSelf)
{
    public string Name { get; } = name;

    public object Handle { get; } = handle;

    public bool IsSelf { get; } = isSelf;

    /// <summary>Hash of the name, the same in every silo.</summary>
    public ulong Hash { get; } = PartitionNumber.Mix(Fnv1a.Hash(Encoding.UTF8.GetBytes(name)));
}
