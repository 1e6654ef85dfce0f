using System.Security.Cryptography;
using Quota.Silo.Store;

namespace Quota.Silo.Hosting;

/// <summary>The store that this silo shares with others, and who the silo is to them.</summary>
internal sealed class ClusterStore : IAsyncDisposable
{
    /// <summary>The number under which the silo's own store keeps the identity of its data directory.</summary>
    private const string HolderNumber = "holder";

    private ClusterStore(IGrainStore store, long holder)
    {
        Store = store;
        Holder = holder;
    }

    public IGrainStore Store { get; }

    /// <summary>Identifies the data directory: what is leased to it was spent in its journal, whatever the silo is called.</summary>
    public long Holder { get; }

    /// <summary>Connects to the store.</summary>
    /// <param name="settings">Of a silo in a cluster.</param>
    /// <param name="storage">The silo's own.</param>
    /// <param name="logger">Told of what the store does.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The store, or why there is none.</returns>
    public static async Task<(ClusterStore? Cluster, string? Error)> OpenAsync(SiloSettings settings, SiloStorage storage, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            long? holder = await storage.Store.LoadNumberAsync(HolderNumber, cancellation).ConfigureAwait(false);
            if (holder is null)
            {
                holder = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
                await storage.Store.SaveNumberAsync(HolderNumber, holder.Value, cancellation).ConfigureAwait(false);
            }
            (IGrainStore? store, string? error) = await StoreFactory.OpenAsync(settings.Cluster!.Store, logger, cancellation).ConfigureAwait(false);
            return store is null ? (null, error) : (new ClusterStore(store, holder.Value), null);
        }
        catch (StoreException e)
        {
            return (null, e.Message);
        }
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
