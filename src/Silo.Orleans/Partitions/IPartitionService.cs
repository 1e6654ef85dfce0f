using Orleans.Services;

namespace Quota.Silo.Orleans.Partitions;

/// <summary>What every silo offers the others.</summary>
[Alias("quota.partitions")]
internal interface IPartitionService : IGrainService
{
    /// <summary>Works on a batch of checks (<see cref="Cluster.Forwarding.ForwardedCheck"/>) and returns the answers.</summary>
    [Alias("answer")]
    ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> batch);
}
