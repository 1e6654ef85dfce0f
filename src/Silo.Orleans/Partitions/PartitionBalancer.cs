using System.Net;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;

namespace Quota.Silo.Orleans.Partitions;

/// <summary>
/// Makes the router's map follow the cluster's membership, and partitions follow the map: this silo's are activated before anybody asks for
/// them, and those that have become another silo's leave.
/// <para>Safety: the two loops share nothing but the map, which is replaced as a whole, and a signal.</para>
/// </summary>
internal sealed class PartitionBalancer(IClusterMembershipService membership, ILocalSiloDetails self, IGrainFactory grains, OrleansTransport transport, PartitionHost host) : BackgroundService
{
    /// <summary>Activations under way at once: each is one read and one write of the store.</summary>
    private const int ActivationsAtOnce = 16;

    /// <summary>Partitions are looked at again this often while one is not where it belongs, and otherwise by the long interval.</summary>
    private static readonly TimeSpan ShortInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongInterval = TimeSpan.FromSeconds(2);

    private readonly ILogger _logger = host.Loggers.CreateLogger("Quota.Orleans");
    private readonly SemaphoreSlim _changed = new(0, 1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Task.Run(() => FollowAsync(stoppingToken), CancellationToken.None),
        Task.Run(() => BalanceAsync(stoppingToken), CancellationToken.None));

    /// <summary>
    /// Before anything of Orleans stops: this silo answers that it owns nothing any more, so that the others decide in the store until they
    /// have a new map, and it sends nothing any more itself.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        host.Router.Follow(new PartitionMap(host.Hosting.Partitions, []), transport);
        for (int partition = 0; partition < host.Hosting.Partitions; partition++)
        {
            host.Hosting.Drop(partition);
        }
    }

    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (ClusterMembershipSnapshot snapshot in membership.MembershipUpdates.WithCancellation(stopping).ConfigureAwait(false))
            {
                Follow(snapshot);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo leaves.
        }
    }

    private void Follow(ClusterMembershipSnapshot snapshot)
    {
        // Of a silo that was restarted at its address the latest.
        PartitionMember[] members = [.. snapshot.Members.Values
            .Where(m => m.Status == SiloStatus.Active)
            .GroupBy(m => m.SiloAddress.Endpoint)
            .Select(same => same.MaxBy(m => m.SiloAddress.Generation)!.SiloAddress)
            .Select(silo => new PartitionMember(NameOf(silo.Endpoint), silo, silo.Equals(self.SiloAddress)))];
        PartitionMap before = host.Router.Map;
        if (before.Members.Select(m => m.Handle).SequenceEqual(members.OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => m.Handle)))
        {
            return;
        }
        host.Router.Follow(new PartitionMap(before.Partitions, members), transport);
        _logger.LogInformation("The cluster has {Silos} silos: {Names}", members.Length, string.Join(", ", members.Select(m => m.Name)));
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }

    private static string NameOf(IPEndPoint endpoint) => endpoint.ToString();

    private async Task BalanceAsync(CancellationToken stopping)
    {
        TimeSpan wait = LongInterval;
        try
        {
            while (true)
            {
                await _changed.WaitAsync(wait, stopping).ConfigureAwait(false);
                wait = await MoveAsync(stopping).ConfigureAwait(false) ? LongInterval : ShortInterval;
            }
        }
        catch (OperationCanceledException)
        {
            // The silo leaves; Orleans deactivates what is here.
        }
    }

    /// <summary>Has every partition that is not where it belongs, as far as it is this silo's business, move. Returns whether all are.</summary>
    private async Task<bool> MoveAsync(CancellationToken stopping)
    {
        PartitionMap map = host.Router.Map;
        int[] misplaced = [.. Enumerable.Range(0, map.Partitions).Where(p => map.IsOwn(p) != host.Hosting.IsHosted(p))];
        int failed = 0;
        string? reason = null;
        await Parallel.ForEachAsync(misplaced, new ParallelOptions { MaxDegreeOfParallelism = ActivationsAtOnce, CancellationToken = stopping }, async (partition, _) =>
        {
            try
            {
                bool stays = await grains.GetGrain<IPartitionGrain>(partition).SettleAsync().ConfigureAwait(false);
                Interlocked.Add(ref failed, stays == map.IsOwn(partition) ? 0 : 1);
            }
            catch (Exception e)
            {
                // The store, or Orleans, cannot do it now: tried again; until then checks are decided in the store.
                Interlocked.Increment(ref failed);
                reason = e.Message;
            }
        }).ConfigureAwait(false);
        if (reason is not null)
        {
            _logger.LogWarning("{Count} partitions are not where they belong yet: {Reason}", failed, reason);
        }
        return failed == 0;
    }
}
