using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Definitions;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Hosting;

/// <summary>
/// The engine of a silo that shares its keys: the shared executor, its leases in the silo's own table and journal, and the loops that
/// look after what no request asks for.
/// </summary>
internal sealed class SharedEngine : ISiloEngine
{
    private readonly ClusterStore _cluster;
    private readonly WebhookSender _sender = new(TimeProvider.System);
    private readonly WebhookDispatcher _dispatcher;
    private readonly UsageSealer _sealer;
    private readonly LeaseSweep _leases;
    private readonly SharedSweep _sweep;
    private readonly SharedGrains _grains;
    private readonly ILogger _logger;

    /// <param name="storage">The silo's own: leased blocks, and what was spent of them.</param>
    /// <param name="cluster">The store of all silos.</param>
    /// <param name="catalog">Plans and keys.</param>
    /// <param name="clock">On the wall clock's scale.</param>
    /// <param name="settings">Of a silo in a cluster.</param>
    /// <param name="logger">Told of faults.</param>
    public SharedEngine(SiloStorage storage, ClusterStore cluster, CatalogState catalog, IClock clock, SiloSettings settings, ILogger logger)
    {
        _cluster = cluster;
        _logger = logger;
        cluster.Registry.Numbers = () => new SiloNumbers(Leases!.Desk.Held, Partitions(), Leases.Desk.LagMs(clock.Now()), Leases.Desk.Unsettled());
        var log = new EventLog(logger, TimeProvider.System);
        var schedule = new EventSchedule();
        var runtime = new SharedRuntime();
        Leases = new LeaseParts(storage.Table, storage.Journal, storage.Store, (cluster.Holder, settings.SiloName), () => SharersOf(cluster, settings));
        _grains = new SharedGrains(cluster.Store, catalog, clock, schedule, log, runtime, settings.Cluster!.Store.TimeoutMs, Leases);
        Checkpointer = new Checkpointer(storage.Table, storage.Journal, storage.Store, clock, settings, logger);
        _leases = new LeaseSweep(Leases.Desk, _grains.Settler!, catalog, cluster.Store, clock, runtime, logger);
        _sweep = new SharedSweep(_grains, cluster.Store, catalog, schedule, clock, logger);
        Eraser = new SharedKeyEraser(_grains, cluster.Store, Leases.Desk, clock, runtime, () => [.. cluster.Registry.Silos.Where(s => s.State != SiloState.Live).Select(s => s.Name)]);
        _sealer = new UsageSealer(catalog, Usage, clock, logger);
        var deliverer = new EventDeliverer(_grains.Queue, catalog, _sender, new RetrySchedule(Environment.TickCount), clock, log);
        _dispatcher = new WebhookDispatcher(schedule, deliverer, clock, TimeProvider.System, log);
    }

    public LeaseParts Leases { get; }

    /// <summary>How many partitions the silo owns.</summary>
    public Func<int> Partitions { get; set; } = static () => 0;

    public SharedGrains Grains => _grains;

    public Limiter Limiter => _grains.Limiter;

    public IGrainOperations Operations => _grains.Operations;

    public IUsageLedger Usage => _grains.Usage;

    public IKeyEraser? Eraser { get; }

    /// <summary>Another process has taken this silo's name.</summary>
    public string? Fault => _cluster.Registry.Replaced;

    public Checkpointer Checkpointer { get; }

    /// <summary>
    /// How many silos may want a lease on one key. Where keys have an owner, nearly everything is asked of that one, and its leases need not
    /// leave a share for each of the others.
    /// </summary>
    private static int SharersOf(ClusterStore cluster, SiloSettings settings) => settings.Cluster!.Executor == Cluster.ExecutorKind.Orleans ? 1 : cluster.Live;

    /// <summary>Finds the leases that the silo held when it was last stopped, so that they are settled before anything else is.</summary>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        await _grains.Runner.LoadLayoutsAsync().ConfigureAwait(false);
        await _leases.FindAsync(isStart: true, cancellation).ConfigureAwait(false);
        await _grains.Settler!.SettleAllAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        Task.Run(() => _cluster.Registry.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _leases.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _sweep.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _sealer.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _dispatcher.RunAsync(cancellation), CancellationToken.None));

    /// <summary>Settles every lease, so that its permits are there for the others at once, and says that the silo stops.</summary>
    public async Task HandOverAsync()
    {
        if (!await _grains.Settler!.SettleAllAsync().ConfigureAwait(false))
        {
            _logger.LogWarning("Not every lease could be settled; what was spent is in the journal, and is settled after the next start");
        }
        await _cluster.LeaveAsync(_logger).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _sender.Dispose();
        await _cluster.DisposeAsync().ConfigureAwait(false);
    }
}
