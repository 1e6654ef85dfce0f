using System.Diagnostics;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Protocols.Admin;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;

namespace Quota.Silo.Hosting;

/// <summary>The stored definitions of a silo, what serves them, and the configuration file put beside them.</summary>
internal sealed class DefinitionHost : IAsyncDisposable
{
    private const string FileName = "definitions.db";

    private readonly IDefinitionStore _store;

    private DefinitionHost(IDefinitionStore store, DefinitionService service, TimeSpan duration, ILogger logger)
    {
        Follower = store is DefinitionReplica ? new DefinitionFollower(service, TimeProvider.System, logger) : null;
        _store = store;
        Service = service;
        Duration = duration;
        Services = [new AdminService(service)];
        Routes = [.. AdminRoutes.Create(service)];
    }

    public DefinitionService Service { get; }

    /// <summary>Takes in what other silos of the cluster change; to be run beside requests. Null for a silo by itself.</summary>
    public DefinitionFollower? Follower { get; }

    /// <summary>How long it took to load everything.</summary>
    public TimeSpan Duration { get; }

    public IReadOnlyList<IGrpcService> Services { get; }

    public IReadOnlyList<HttpRoute> Routes { get; }

    /// <summary>Loads what is stored, and puts the configuration file in force.</summary>
    /// <param name="settings">Where the silo keeps its data.</param>
    /// <param name="config">The configuration file.</param>
    /// <param name="shared">Where the cluster keeps what it defines; null for a silo by itself.</param>
    /// <param name="logger">Told of what the file has changed.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The definitions, or the reason why there are none.</returns>
    public static async Task<(DefinitionHost? Host, string? Error)> OpenAsync(SiloSettings settings, ConfigResult config, SharedDefinitions? shared, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            return await StoreStart.WaitAsync(() => LoadAsync(settings, config, shared, logger, cancellation), settings.Cluster?.Store.StartTimeoutMs ?? 0, TimeProvider.System, logger, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreException or IOException or UnauthorizedAccessException)
        {
            return (null, e.Message);
        }
    }

    public async ValueTask DisposeAsync() => await _store.DisposeAsync().ConfigureAwait(false);

    private static async Task<(DefinitionHost? Host, string? Error)> LoadAsync(SiloSettings settings, ConfigResult config, SharedDefinitions? shared, ILogger logger, CancellationToken cancellation)
    {
        IDefinitionStore? store = null;
        try
        {
            long start = Stopwatch.GetTimestamp();
            var local = new SqliteDefinitionStore(Path.Combine(settings.DataDirectory, FileName), shared?.Cluster);
            store = shared is null ? local : new DefinitionReplica(local, new ChangeLog(shared.Store));
            var service = new DefinitionService(store, TimeProvider.System) { Silo = settings.SiloName };
            await service.LoadAsync(cancellation).ConfigureAwait(false);
            (CatalogChange? change, IReadOnlyList<ConfigError> errors) = await service.AdoptAsync(config, config.Settings!, cancellation).ConfigureAwait(false);
            if (change is null)
            {
                return (null, string.Join('\n', errors));
            }
            if (!change.IsEmpty)
            {
                CatalogLog.Adopted(logger, config.FileName, change);
            }
            var host = new DefinitionHost(store, service, Stopwatch.GetElapsedTime(start), logger);
            store = null;
            return (host, null);
        }
        finally
        {
            if (store is not null)
            {
                await store.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
