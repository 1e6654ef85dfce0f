using Quota.Silo.Cluster;

namespace Quota.Silo.Orleans.Partitions;

/// <summary>
/// Owns a partition on the silo it is active on: takes the partition's next epoch in the store when it comes, and gives back what the silo
/// holds of the partition's keys when it goes. Checks do not pass through it: they go to the silo's service in batches.
/// <para>
/// Safety. That Orleans has one activation of it at a time is what makes it fast, and nothing depends on it: with two, the one with the
/// lower epoch is found out by the next sender that knows the higher one, and until then both answer rightly
/// (<see cref="Cluster.Forwarding.ForwardRouter"/>). Orleans runs one call of it at a time.
/// </para>
/// </summary>
[PartitionPlacement]
[KeepAlive]
internal sealed class PartitionGrain(PartitionHost host) : Grain, IPartitionGrain
{
    /// <summary>Longest hand-over; what is not given back by then is settled from the journal later.</summary>
    private static readonly TimeSpan HandOverTimeout = TimeSpan.FromSeconds(5);

    private int Partition => (int)this.GetPrimaryKeyLong();

    public override Task OnActivateAsync(CancellationToken cancellationToken) => TakeAsync(cancellationToken);

    public async Task<bool> SettleAsync()
    {
        if (!host.Router.Map.IsOwn(Partition))
        {
            // Not deactivated: silos that remember where it was would have it activated there again.
            MigrateOnIdle();
            return false;
        }
        if (!host.Hosting.IsHosted(Partition))
        {
            // Another silo has taken the partition meanwhile, and it came back to where it belongs.
            await TakeAsync(CancellationToken.None);
        }
        return true;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        host.Hosting.Drop(Partition);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(HandOverTimeout);
        await host.Leases.GiveBackAsync(Partition, bound.Token);
    }

    private async Task TakeAsync(CancellationToken cancellation)
    {
        long epoch = await host.Records.TakeAsync(Partition, host.Silo, cancellation);
        host.Hosting.Host(Partition, epoch);
    }
}
