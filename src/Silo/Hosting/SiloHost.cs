using System.Net.Sockets;
using System.Reflection;
using Quota.Contracts;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Edge;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Journal;
using Quota.Silo.Protocols.Cluster;
using Quota.Silo.Protocols.Usage;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Hosting;

/// <summary>
/// One running silo: storage, executor, waist and edge put together. Started once, stopped once; the order of both is the
/// safety argument: nothing listens before the journal is replayed, and nothing is closed before the edge has drained.
/// </summary>
internal sealed class SiloHost : IAsyncDisposable
{
    /// <summary>How often health follows the journal's status.</summary>
    private static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(250);

    private readonly SiloStorage _storage;
    private readonly ISiloEngine _engine;
    private readonly EdgeServer _edge;
    private readonly ServingState _serving;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;
    private volatile bool _checkpointsFailed;
    private volatile bool _isTried;
    private bool _stopped;

    private SiloHost(SiloStorage storage, ISiloEngine engine, EdgeServer edge, ServingState serving, CatalogState catalog, ILogger logger)
    {
        _storage = storage;
        _engine = engine;
        _edge = edge;
        _serving = serving;
        _logger = logger;
        Catalog = catalog;
    }

    /// <summary>Where it listens.</summary>
    public EdgeEndpoints Endpoints { get; private set; } = null!;

    /// <summary>The plans and keys in force.</summary>
    public CatalogState Catalog { get; }

    /// <summary>The stored definitions, if the silo was started with a configuration file.</summary>
    public DefinitionHost? Definitions { get; private init; }

    public SiloStorage Storage => _storage;

    /// <summary>The store that it shares with other silos, which counts what it is asked; null for a silo by itself.</summary>
    public ICountedStore? SharedStore { get; private init; }

    public ServingStatus Status => _serving.Status;

    /// <summary>Starts a silo; it is ready when this completes.</summary>
    /// <param name="settings">What it runs with.</param>
    /// <param name="catalog">The plans and keys it has if the options name no configuration file.</param>
    /// <param name="options">What differs from a silo in production.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="cancellation">Gives up the start.</param>
    /// <returns>The silo, or the reason why there is none.</returns>
    public static async Task<(SiloHost? Host, string? Error)> StartAsync(SiloSettings settings, CatalogModel catalog, SiloHostOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        ILogger logger = loggers.CreateLogger("Quota");
        if (settings.Cluster is { Executor: Cluster.ExecutorKind.Orleans } && options.Plugin is null)
        {
            return (null, "server.executor: orleans needs the program quota-orleans, which is built where the package feed serves Orleans");
        }
        (SiloStorage? storage, string? error) = await SiloStorage.OpenAsync(settings, options.AcceptJournalLoss, logger, cancellation).ConfigureAwait(false);
        if (storage is null)
        {
            return (null, error);
        }
        ClusterStore? cluster = null;
        if (settings.Cluster is not null)
        {
            (cluster, error) = await ClusterStore.OpenAsync(settings, storage, logger, cancellation).ConfigureAwait(false);
            if (cluster is null)
            {
                await storage.DisposeAsync().ConfigureAwait(false);
                return (null, error);
            }
        }
        DefinitionHost? definitions = null;
        if (options.Config is { } config)
        {
            // After the journal, which keeps a second silo away from the directory.
            (definitions, error) = await DefinitionHost.OpenAsync(settings, config, cluster is null ? null : new SharedDefinitions(cluster.Store, cluster.Record.Id), logger, cancellation).ConfigureAwait(false);
            if (definitions is null)
            {
                if (cluster is not null)
                {
                    await cluster.DisposeAsync().ConfigureAwait(false);
                }
                await storage.DisposeAsync().ConfigureAwait(false);
                return (null, error);
            }
            catalog = definitions.Service.Catalog;
        }
        SiloHost host = Compose(settings, catalog, options, storage, cluster, definitions, loggers, logger);
        try
        {
            await host.StartAsync(options, cancellation).ConfigureAwait(false);
            return (host, null);
        }
        catch (StoreException e)
        {
            await host.DisposeAsync().ConfigureAwait(false);
            return (null, e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            await host.DisposeAsync().ConfigureAwait(false);
            return (null, e is OperationCanceledException ? "stopped before it was ready" : $"cannot listen on {settings.GrpcListen} and {settings.HttpListen}: {e.Message}");
        }
    }

    /// <summary>Stops: 1. the edge drains; 2. what was counted goes to the store; 3. journal and store are closed.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
        {
            return;
        }
        _stopped = true;
        await _edge.StopAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _background.ConfigureAwait(false);
        await _engine.HandOverAsync().ConfigureAwait(false);
        if (!_checkpointsFailed && _storage.Journal.Status != JournalStatus.Failed)
        {
            await _engine.Checkpointer.TryRoundAsync(CancellationToken.None).ConfigureAwait(false);
        }
        await _edge.DisposeAsync().ConfigureAwait(false);
        await _engine.DisposeAsync().ConfigureAwait(false);
        if (Definitions is not null)
        {
            await Definitions.DisposeAsync().ConfigureAwait(false);
        }
        await _storage.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task StartAsync(SiloHostOptions options, CancellationToken cancellation)
    {
        if (_storage.Report.Losses.Count > 0)
        {
            // The loss was accepted for this start; a checkpoint gives up the damaged segment, so that the next start needs no consent.
            await _engine.Checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false);
        }
        await _engine.RestoreAsync(cancellation).ConfigureAwait(false);
        if (Definitions is not null)
        {
            foreach (Definitions.DefinitionError error in await Definitions.Service.ResumeErasuresAsync(cancellation).ConfigureAwait(false))
            {
                _logger.LogError("A key whose erasure was begun is not erased yet; repeat the call: {Reason}", error);
            }
        }
        _background = Task.WhenAll(
            Task.Run(CheckpointAsync, CancellationToken.None),
            _engine.RunAsync(_stopping.Token),
            Task.Run(() => Definitions?.Follower?.RunAsync(_stopping.Token) ?? Task.CompletedTask, CancellationToken.None));
        Endpoints = await _edge.StartAsync(cancellation).ConfigureAwait(false);
        _isTried = !options.SelfTest || await TryItselfAsync(cancellation).ConfigureAwait(false);
        FollowJournal();
        _background = Task.WhenAll(_background, Task.Run(FollowJournalAsync, CancellationToken.None));
    }

    private static SiloHost Compose(SiloSettings settings, CatalogModel catalog, SiloHostOptions options, SiloStorage storage, ClusterStore? cluster, DefinitionHost? definitions, ILoggerFactory loggers, ILogger logger)
    {
        var state = new CatalogState(catalog);
        IClock clock = options.Clock ?? (IClock?)cluster?.Clock ?? new SystemClock(TimeProvider.System, storage.LatestWindowNs);
        ISiloEngine engine = cluster is null
            ? new LocalEngine(storage, state, clock, settings, logger)
            : new SharedEngine(storage, cluster, state, clock, settings, logger);
        if (settings.Cluster is { Executor: Cluster.ExecutorKind.Orleans })
        {
            engine = new OrleansEngine((SharedEngine)engine, cluster!.Store, options.Plugin!, state, clock, settings, loggers);
        }
        if (definitions is not null)
        {
            definitions.Service.Eraser = engine.Eraser;
        }
        var serving = new ServingState();
        var usage = new UsageService(state, engine.Usage, clock);
        ClusterService status = cluster is null
            ? Alone(settings, clock)
            : new ClusterService(cluster.Registry, new StoredLeases(cluster.Store, clock), settings.Cluster is { Executor: Cluster.ExecutorKind.Orleans } partitioned ? partitioned.Partitions : 0, TimeProvider.System);
        var edge = new EdgeServer(settings, engine.Limiter, engine.Operations, serving, [usage, status, .. definitions?.Services ?? [], .. options.Services], loggers, [.. UsageRoutes.Create(usage), .. ClusterRoutes.Create(status), .. definitions?.Routes ?? []]);
        return new SiloHost(storage, engine, edge, serving, state, logger) { Definitions = definitions, SharedStore = cluster?.Store as ICountedStore };
    }

    /// <summary>The status of a cluster that is this silo.</summary>
    private static ClusterService Alone(SiloSettings settings, IClock clock)
    {
        var self = new SiloIdentity(settings.SiloName, Guid.NewGuid(), settings.AdvertisedAddress, ProductVersion, ExecutorKind.Local);
        return new ClusterService(new LoneSilo(self, clock.Now().WallMs, () => default), null, 0, TimeProvider.System);
    }

    /// <summary>Version of Quota.</summary>
    internal static string ProductVersion { get; } = typeof(SiloHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private async Task<bool> TryItselfAsync(CancellationToken cancellation)
    {
        string? fault = await SelfTest.RunAsync(Endpoints, _edge.Shedder.CallsMax, cancellation).ConfigureAwait(false);
        if (fault is not null)
        {
            _logger.LogError("The self-test failed, so the silo is not ready; it is tried again: {Fault}", fault);
        }
        return fault is null;
    }

    private async Task CheckpointAsync()
    {
        try
        {
            await _engine.Checkpointer.RunAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A fault of the program: without checkpoints the journal would grow until it is full, so say so now.
            _checkpointsFailed = true;
            _logger.LogCritical(e, "Checkpoints have ended; the silo is not ready any more");
        }
    }

    private async Task FollowJournalAsync()
    {
        using var timer = new PeriodicTimer(HealthInterval);
        long lastTrialMs = Environment.TickCount64;
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                if (!_isTried && _storage.Journal.Status == JournalStatus.Running && Environment.TickCount64 - lastTrialMs >= Bounds.LogIntervalMs)
                {
                    _isTried = await TryItselfAsync(_stopping.Token).ConfigureAwait(false);
                    lastTrialMs = Environment.TickCount64;
                }
                FollowJournal();
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private void FollowJournal() =>
        _serving.Set(_isTried && !_checkpointsFailed && _engine.Fault is null && _storage.Journal.Status == JournalStatus.Running ? ServingStatus.Serving : ServingStatus.Failed);
}
