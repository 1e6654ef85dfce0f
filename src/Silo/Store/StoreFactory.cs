using Quota.Silo.Store.Dynamo;
using Quota.Silo.Store.Postgres;

namespace Quota.Silo.Store;

/// <summary>Opens the store that the silos of a cluster share.</summary>
public static class StoreFactory
{
    /// <summary>
    /// Connects, creates what is missing if the settings say so, checks the format's version, and tries every right a silo needs.
    /// </summary>
    /// <returns>The store, or why there is none, for an operator.</returns>
    public static async Task<(IGrainStore? Store, string? Error)> OpenAsync(StoreSettings settings, ILogger logger, CancellationToken cancellation)
    {
        ICountedStore? store = null;
        try
        {
            store = settings switch
            {
                DynamoSettings dynamo => await DynamoOpening.OpenAsync(dynamo, logger, cancellation).ConfigureAwait(false),
                PostgresSettings postgres => await PostgresOpening.OpenAsync(postgres, logger, cancellation).ConfigureAwait(false),
                _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.GetType().Name),
            };
            if (await StoreProbe.RunAsync(store, cancellation).ConfigureAwait(false) is string error)
            {
                await store.DisposeAsync().ConfigureAwait(false);
                return (null, error);
            }
            return (store, null);
        }
        catch (StoreException e)
        {
            return (null, e.Message);
        }
        catch (OperationCanceledException) when (store is not null)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
