using Orleans.Runtime.Services;

namespace Quota.Silo.Orleans.Partitions;

/// <summary>The way to the service of another silo.</summary>
internal sealed class PartitionServiceClient(IServiceProvider services) : GrainServiceClient<IPartitionService>(services)
{
    public IPartitionService Of(SiloAddress silo) => GetGrainService(silo);
}
