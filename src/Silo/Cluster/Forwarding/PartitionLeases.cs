using Quota.Grains;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared.Leases;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>Gives back the leases on keys of a partition that leaves this silo.</summary>
internal sealed class PartitionLeases(LeaseSettler settler, LeaseDesk desk, int partitions) : IPartitionLeases
{
    public async ValueTask GiveBackAsync(int partition, CancellationToken cancellation)
    {
        try
        {
            await settler.SettleAsync(desk.All().Where(block => IsOf(block, partition))).WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Whatever is left is settled when it ends.
        }
    }

    private bool IsOf(CheckBlock block, int partition)
    {
        Invariant.Check(GrainId.TryReadKey(block.KeyId, out _, out ReadOnlySpan<byte> key));
        return PartitionNumber.Of(block.Owner, key, partitions) == partition;
    }
}
