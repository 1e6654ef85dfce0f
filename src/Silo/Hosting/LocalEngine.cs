using Quota.Silo.Catalog;
using Quota.Silo.Definitions;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Limiting;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Hosting;

/// <summary>The engine of a silo that owns every key: the local executor with its operations, usage, and the loops that run beside requests.</summary>
internal sealed class LocalEngine : ISiloEngine
{
    private readonly SiloStorage _storage;
    private readonly EventSchedule _schedule = new();
    private readonly WebhookSender _sender = new(TimeProvider.System);
    private readonly WebhookDispatcher _dispatcher;
    private readonly ExpirySweep _sweep;
    private readonly UsageSealer _sealer;
    private readonly LocalExecutor _executor;
    private readonly LocalOperations _operations;
    private readonly IClock _clock;

    public LocalEngine(SiloStorage storage, CatalogState catalog, IClock clock, SiloSettings settings, ILogger logger)
    {
        _storage = storage;
        _clock = clock;
        var log = new EventLog(logger, TimeProvider.System);
        _executor = new LocalExecutor(storage.Table, storage.Journal, storage.Store, new EventRaiser(_schedule, log));
        Limiter = new Limiter(catalog, _executor, clock);
        _operations = new LocalOperations(catalog, clock, Limiter, _executor, storage.Table);
        Checkpointer = new Checkpointer(storage.Table, storage.Journal, storage.Store, clock, settings, logger);
        var usage = new LocalUsage(catalog, clock, storage.Table, storage.Store, _executor.Transactions, Checkpointer);
        Eraser = new KeyEraser(clock, storage.Table, storage.Store, _executor.Transactions, Checkpointer, _operations.Reservations);
        Usage = usage;
        _sealer = new UsageSealer(catalog, usage, clock, logger);
        _sweep = new ExpirySweep(catalog, clock, _executor.Expiries, _operations.Reservations);
        var queue = new LocalEventQueue(_executor.Transactions, storage.Journal, clock);
        var deliverer = new EventDeliverer(queue, catalog, _sender, new RetrySchedule(Environment.TickCount), clock, log);
        _dispatcher = new WebhookDispatcher(_schedule, deliverer, clock, TimeProvider.System, log);
    }

    public Limiter Limiter { get; }

    public IGrainOperations Operations => _operations;

    public Checkpointer Checkpointer { get; }

    public IUsageLedger Usage { get; }

    public IKeyEraser? Eraser { get; }

    public string? Fault => null;

    /// <inheritdoc/>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        RecordRestorer.QueueReservations(_storage.Table, _executor.Expiries);
        await RecordRestorer.QueueEventsAsync(_storage.Table, _storage.Store, _schedule, _clock.Now().WindowNs, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        Task.Run(() => _sweep.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _sealer.RunAsync(cancellation), CancellationToken.None),
        Task.Run(() => _dispatcher.RunAsync(cancellation), CancellationToken.None));

    /// <summary>Nobody else has an interest in what this silo has.</summary>
    public Task HandOverAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _sender.Dispose();
        return default;
    }
}
