using Orleans.Runtime.Placement;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;

namespace Quota.Silo.Orleans.Partitions;

/// <inheritdoc cref="PartitionPlacement"/>
internal sealed class PartitionPlacementDirector(PartitionHost host) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        PartitionMap map = host.Router.Map;
        int partition = (int)target.GrainIdentity.GetIntegerKey();
        int owner = partition < map.Partitions ? map.OwnerOf(partition) : -1;
        // A silo that Orleans does not take, or none yet: anywhere, the partition moves later.
        return Task.FromResult(owner >= 0 && map.Members[owner].Handle is SiloAddress mapped && silos.Contains(mapped) ? mapped : silos[0]);
    }
}
