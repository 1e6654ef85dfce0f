using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Definitions;
using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Hosting;

/// <summary>
/// The engine of a silo in a cluster of partitions: the shared executor, which is right for every key, and in front of it the router, which
/// hands checks to the silo that owns their partition. Everything that is no check goes the shared executor's way.
/// </summary>
internal sealed class OrleansEngine : ISiloEngine
{
    private readonly SharedEngine _shared;
    private readonly IClusterPlugin _plugin;
    private readonly OrleansSettings _settings;
    private readonly ForwardRouter _router;
    private readonly PartitionHost _host;
    private IAsyncDisposable? _membership;

    /// <param name="shared">The shared executor's.</param>
    /// <param name="store">The store of all silos.</param>
    /// <param name="plugin">Joins the cluster.</param>
    /// <param name="catalog">Plans and keys.</param>
    /// <param name="clock">On the wall clock's scale.</param>
    /// <param name="settings">Of a silo in a cluster of partitions.</param>
    /// <param name="loggers">Told of faults.</param>
    public OrleansEngine(SharedEngine shared, IGrainStore store, IClusterPlugin plugin, CatalogState catalog, IClock clock, SiloSettings settings, ILoggerFactory loggers)
    {
        _shared = shared;
        _plugin = plugin;
        _settings = settings.Cluster!.Orleans!;
        PartitionSettings partitions = _settings.Partitions;
        _router = new ForwardRouter(shared.Grains.Executor, partitions, clock, TimeProvider.System);
        Limiter = new Limiter(catalog, _router, clock);
        var hosting = new PartitionHosting(_router.Epochs);
        shared.Partitions = () => hosting.Count;
        _host = new PartitionHost(
            settings.SiloName,
            _router,
            hosting,
            new ForwardedBatchServer(shared.Limiter, hosting),
            new PartitionRecords(store),
            new PartitionLeases(shared.Grains.Settler!, shared.Leases.Desk, partitions.Count),
            loggers);
    }

    /// <summary>The partitions of this silo, and the other silos.</summary>
    public PartitionHost Partitions => _host;

    public Limiter Limiter { get; }

    public IGrainOperations Operations => _shared.Operations;

    public IUsageLedger Usage => _shared.Usage;

    public IKeyEraser? Eraser => _shared.Eraser;

    public string? Fault => _shared.Fault;

    public Checkpointer Checkpointer => _shared.Checkpointer;

    /// <summary>Settles what was left, then joins the cluster: from then on other silos send checks.</summary>
    /// <exception cref="StoreException">A store cannot be read, or the cluster cannot be joined.</exception>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        await _shared.RestoreAsync(cancellation).ConfigureAwait(false);
        (_membership, string? error) = await _plugin.JoinAsync(_settings, _host, cancellation).ConfigureAwait(false);
        if (error is not null)
        {
            throw new StoreException(error);
        }
    }

    public Task RunAsync(CancellationToken cancellation) => _shared.RunAsync(cancellation);

    /// <summary>Leaves the cluster, then settles every lease.</summary>
    public async Task HandOverAsync()
    {
        if (_membership is not null)
        {
            await _membership.DisposeAsync().ConfigureAwait(false);
            _membership = null;
        }
        await _shared.HandOverAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _router.Dispose();
        await _shared.DisposeAsync().ConfigureAwait(false);
    }
}
