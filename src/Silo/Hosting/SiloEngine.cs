using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Limiting;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Hosting;

/// <summary>
/// Everything between storage and edge: the executor with its operations, usage, and the loops that run beside requests. Its loops
/// end when their token is cancelled, after the edge has drained and before storage is closed.
/// </summary>
internal sealed class SiloEngine : IDisposable
{
    private readonly SiloStorage _storage;
    private readonly EventSchedule _schedule = new();
    private readonly WebhookSender _sender = new(TimeProvider.System);
    private readonly WebhookDispatcher _dispatcher;
    private readonly ExpirySweep _sweep;
    private readonly UsageSealer _sealer;
    private readonly LocalExecutor _executor;
    private readonly IClock _clock;

    public SiloEngine(SiloStorage storage, CatalogState catalog, IClock clock, SiloSettings settings, ILogger logger)
    {
        _storage = storage;
        _clock = clock;
        var log = new EventLog(logger, TimeProvider.System);
        _executor = new LocalExecutor(storage.Table, storage.Journal, storage.Store, new EventRaiser(_schedule, log));
        Limiter = new Limiter(catalog, _executor, clock);
        Operations = new LocalOperations(catalog, clock, Limiter, _executor, storage.Table);
        Checkpointer = new Checkpointer(storage.Table, storage.Journal, storage.Store, clock, settings, logger);
        Usage = new LocalUsage(catalog, clock, storage.Table, storage.Store, _executor.Transactions, Checkpointer);
        Eraser = new KeyEraser(clock, storage.Table, storage.Store, _executor.Transactions, Checkpointer, Operations.Reservations);
        _sealer = new UsageSealer(catalog, Usage, clock, logger);
        _sweep = new ExpirySweep(catalog, clock, _executor.Expiries, Operations.Reservations);
        var queue = new LocalEventQueue(_executor.Transactions, storage.Journal, clock);
        var deliverer = new EventDeliverer(queue, catalog, _sender, new RetrySchedule(Environment.TickCount), clock, log);
        _dispatcher = new WebhookDispatcher(_schedule, deliverer, clock, TimeProvider.System, log);
    }

    public Limiter Limiter { get; }

    public LocalOperations Operations { get; }

    public Checkpointer Checkpointer { get; }

    public LocalUsage Usage { get; }

    public KeyEraser Eraser { get; }

    /// <summary>Queues what recovery brought back: open reservations and undelivered events.</summary>
    /// <exception cref="Store.StoreException">The store cannot be read.</exception>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        RecordRestorer.QueueReservations(_storage.Table, _executor.Expiries);
        await RecordRestorer.QueueEventsAsync(_storage.Table, _storage.Store, _schedule, _clock.Now().WindowNs, cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs the loops until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        Task.Run(() => _sweep.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _sealer.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _dispatcher.RunAsync(cancellation), CancellationToken.None));

    public void Dispose() => _sender.Dispose();
}
