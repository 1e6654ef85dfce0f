using Orleans.Concurrency;
using Quota.Silo.Cluster;

namespace Quota.Silo.Orleans.Partitions;

/// <summary>Hands batches of other silos to this silo's server, off the one thread that Orleans gives the service.</summary>
[Reentrant]
internal sealed class PartitionService(GrainId id, global::Orleans.Runtime.Silo silo, ILoggerFactory loggers, PartitionHost host) : GrainService(id, silo, loggers), IPartitionService
{
    public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> batch) =>
        await Task.Run(() => host.Server.AnswerAsync(batch).AsTask());
}
