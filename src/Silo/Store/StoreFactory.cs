using Quota.Silo.Store.Dynamo;
using Quota.Silo.Store.Postgres;

namespace Quota.Silo.Store;

/// <summary>Opens the store that the silos of a cluster share.</summary>
public static class StoreFactory
{
    /// <summary>
    /// Connects, creates what is missing if the settings say so, checks the format's version, and tries every right a silo needs.
    /// </summary>
    /// <exception cref="StoreException">Why there is no store, for an operator.</exception>
    public static async Task<ICountedStore> OpenAsync(StoreSettings settings, ILogger logger, CancellationToken cancellation)
    {
        ICountedStore store = settings switch
        {
            DynamoSettings dynamo => await DynamoOpening.OpenAsync(dynamo, logger, cancellation).ConfigureAwait(false),
            PostgresSettings postgres => await PostgresOpening.OpenAsync(postgres, logger, cancellation).ConfigureAwait(false),
            _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.GetType().Name),
        };
        try
        {
            await StoreProbe.RunAsync(store, cancellation).ConfigureAwait(false);
            return store;
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
