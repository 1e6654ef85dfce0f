using System.Net.Sockets;
using Quota.Contracts;
using Quota.Silo.Catalog;
using Quota.Silo.Edge;
using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
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
    private readonly Checkpointer _checkpointer;
    private readonly EdgeServer _edge;
    private readonly ServingState _serving;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;
    private volatile bool _checkpointsFailed;
    private volatile bool _isTried;
    private bool _stopped;

    private SiloHost(SiloStorage storage, Checkpointer checkpointer, EdgeServer edge, ServingState serving, CatalogState catalog, ILogger logger)
    {
        _storage = storage;
        _checkpointer = checkpointer;
        _edge = edge;
        _serving = serving;
        _logger = logger;
        Catalog = catalog;
    }

    /// <summary>Where it listens.</summary>
    public EdgeEndpoints Endpoints { get; private set; } = null!;

    /// <summary>The plans and keys in force.</summary>
    public CatalogState Catalog { get; }

    public SiloStorage Storage => _storage;

    public ServingStatus Status => _serving.Status;

    /// <summary>Starts a silo; it is ready when this completes.</summary>
    /// <param name="settings">What it runs with.</param>
    /// <param name="catalog">The plans and keys it begins with.</param>
    /// <param name="options">What differs from a silo in production.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="cancellation">Gives up the start.</param>
    /// <returns>The silo, or the reason why there is none.</returns>
    public static async Task<(SiloHost? Host, string? Error)> StartAsync(SiloSettings settings, CatalogModel catalog, SiloHostOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        ILogger logger = loggers.CreateLogger("Quota");
        (SiloStorage? storage, string? error) = await SiloStorage.OpenAsync(settings, options.AcceptJournalLoss, logger, cancellation).ConfigureAwait(false);
        if (storage is null)
        {
            return (null, error);
        }
        SiloHost host = Compose(settings, catalog, options, storage, loggers, logger);
        try
        {
            await host.StartAsync(options, cancellation).ConfigureAwait(false);
            return (host, null);
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
        if (!_checkpointsFailed && _storage.Journal.Status != JournalStatus.Failed)
        {
            await _checkpointer.TryRoundAsync(CancellationToken.None).ConfigureAwait(false);
        }
        await _edge.DisposeAsync().ConfigureAwait(false);
        await _storage.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task StartAsync(SiloHostOptions options, CancellationToken cancellation)
    {
        if (_storage.Report.Losses.Count > 0)
        {
            // The loss was accepted for this start; a checkpoint gives up the damaged segment, so that the next start needs no consent.
            await _checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false);
        }
        _background = Task.Run(CheckpointAsync, CancellationToken.None);
        Endpoints = await _edge.StartAsync(cancellation).ConfigureAwait(false);
        _isTried = !options.SelfTest || await TryItselfAsync(cancellation).ConfigureAwait(false);
        FollowJournal();
        _background = Task.WhenAll(_background, Task.Run(FollowJournalAsync, CancellationToken.None));
    }

    private static SiloHost Compose(SiloSettings settings, CatalogModel catalog, SiloHostOptions options, SiloStorage storage, ILoggerFactory loggers, ILogger logger)
    {
        var state = new CatalogState(catalog);
        IClock clock = options.Clock ?? new SystemClock(TimeProvider.System, storage.LatestWindowNs);
        var limiter = new Limiter(state, new LocalExecutor(storage.Table, storage.Journal, storage.Store), clock);
        var checkpointer = new Checkpointer(storage.Table, storage.Journal, storage.Store, clock, settings, logger);
        var serving = new ServingState();
        var edge = new EdgeServer(settings, limiter, serving, options.Services, loggers);
        return new SiloHost(storage, checkpointer, edge, serving, state, logger);
    }

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
            await _checkpointer.RunAsync(_stopping.Token).ConfigureAwait(false);
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
        _serving.Set(_isTried && !_checkpointsFailed && _storage.Journal.Status == JournalStatus.Running ? ServingStatus.Serving : ServingStatus.Failed);
}
