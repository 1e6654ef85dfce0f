using System.Security.Cryptography;
using Quota.Silo.Cluster;
using Quota.Silo.Store;

namespace Quota.Silo.Hosting;

/// <summary>The cluster as one silo is part of it: the store that all share, who is in it, and the clock they agree on.</summary>
internal sealed class ClusterStore : IAsyncDisposable
{
    /// <summary>The number under which the silo's own store keeps the identity of its data directory.</summary>
    private const string HolderNumber = "holder";

    private ClusterStore(IGrainStore store, ClusterRecord record, SiloRegistry registry, ClusterClock clock, long holder)
    {
        Store = store;
        Record = record;
        Registry = registry;
        Clock = clock;
        Holder = holder;
    }

    public IGrainStore Store { get; }

    /// <summary>What all silos agree on.</summary>
    public ClusterRecord Record { get; }

    public SiloRegistry Registry { get; }

    public ClusterClock Clock { get; }

    /// <summary>Identifies the data directory: what is leased to it was spent in its journal, whatever the silo is called.</summary>
    public long Holder { get; }

    /// <summary>Silos that have shown signs of life lately, this one included.</summary>
    public int Live => Math.Max(1, Registry.Silos.Count(s => s.State == SiloState.Live));

    /// <summary>Connects to the store and joins the silos there.</summary>
    /// <param name="settings">Of a silo in a cluster.</param>
    /// <param name="storage">The silo's own.</param>
    /// <param name="logger">Told of what the store does.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The cluster, or why this silo cannot be part of it.</returns>
    public static async Task<(ClusterStore? Cluster, string? Error)> OpenAsync(SiloSettings settings, SiloStorage storage, ILogger logger, CancellationToken cancellation)
    {
        StoreSettings store = settings.Cluster!.Store;
        try
        {
            long holder = await HolderAsync(storage.Store, cancellation).ConfigureAwait(false);
            // One run, however often it has to begin: a beat whose answer was lost is found again as its own.
            var run = Guid.NewGuid();
            return await StoreStart.WaitAsync(() => JoinAsync(settings, storage, holder, run, logger, cancellation), store.StartTimeoutMs, TimeProvider.System, logger, cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            return (null, e.Message);
        }
    }

    private static async Task<(ClusterStore? Cluster, string? Error)> JoinAsync(SiloSettings settings, SiloStorage storage, long holder, Guid run, ILogger logger, CancellationToken cancellation)
    {
        ClusterSettings cluster = settings.Cluster!;
        IGrainStore? store = await StoreFactory.OpenAsync(cluster.Store, logger, cancellation).ConfigureAwait(false);
        try
        {
            (ClusterRecord? record, string? error) = await ClusterRecord.JoinAsync(store, cluster, RandomNumberGenerator.GetBytes(16), cancellation).ConfigureAwait(false);
            if (record is null)
            {
                return (null, error);
            }
            var clock = new ClusterClock(TimeProvider.System, storage.LatestWindowNs);
            var self = new SiloIdentity(settings.SiloName, run, settings.AdvertisedAddress, SiloHost.ProductVersion, cluster.Executor);
            var registry = new SiloRegistry(store, self, clock, TimeProvider.System, logger);
            error = await registry.JoinAsync(cancellation).ConfigureAwait(false);
            if (error is not null)
            {
                return (null, error);
            }
            var joined = new ClusterStore(store, record, registry, clock, holder);
            store = null;
            return (joined, null);
        }
        finally
        {
            if (store is not null)
            {
                await store.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Leaves the cluster; a store that cannot be reached learns of it by the silence.</summary>
    public async Task LeaveAsync(ILogger logger)
    {
        try
        {
            await Registry.StopAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            logger.LogWarning("The cluster could not be told that this silo stops: {Reason}", e.Message);
        }
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private static async Task<long> HolderAsync(IGrainStore own, CancellationToken cancellation)
    {
        long? known = await own.LoadNumberAsync(HolderNumber, cancellation).ConfigureAwait(false);
        if (known is { } holder)
        {
            return holder;
        }
        holder = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        await own.SaveNumberAsync(HolderNumber, holder, cancellation).ConfigureAwait(false);
        return holder;
    }
}
