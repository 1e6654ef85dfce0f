using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Counters;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Hosting;
using Quota.Silo.Limiting;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Execution.Billing;

/// <summary>A silo's engine without its loops, on a journal in memory and a real store, which a test can crash at any point.</summary>
internal sealed class BillingSilo : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private LocalExecutor _executor = null!;
    private KeyTable _table = null!;

    public BillingSilo(ManualClock clock, CatalogModel catalog)
    {
        Clock = clock;
        Catalog = new CatalogState(catalog);
        Store = new FaultyStore(new SqliteGrainStore(_folder.File("grains.db")));
    }

    public ManualClock Clock { get; }

    public CatalogState Catalog { get; }

    public MemoryJournal Journal { get; } = new();

    public FaultyStore Store { get; }

    public Limiter Limiter { get; private set; } = null!;

    public LocalOperations Operations { get; private set; } = null!;

    public LocalUsage Usage { get; private set; } = null!;

    public Checkpointer Checkpointer { get; private set; } = null!;

    public ExpirySweep Sweep { get; private set; } = null!;

    public UsageSealer Sealer { get; private set; } = null!;

    /// <summary>Starts, or starts again after a crash: memory is gone, the store and the journal are as they are.</summary>
    public async Task StartAsync()
    {
        _table = new KeyTable(new LayoutRegistry(), 100_000);
        await Recovery.RestoreLayoutsAsync(_table, Store, default);
        long latest = await Store.LoadNumberAsync(Checkpointer.LatestWindowNumber, default) ?? 0;
        await RecordRestorer.RestoreAsync(_table, Store, latest, default);
        var recovery = new Recovery(_table);
        Assert.All(Journal.Records, r => Assert.True(recovery.Apply(r)));
        _executor = new LocalExecutor(_table, Journal, Store);
        Limiter = new Limiter(Catalog, _executor, Clock);
        Operations = new LocalOperations(Catalog, Clock, Limiter, _executor, _table);
        Checkpointer = new Checkpointer(_table, Journal, Store, Clock, new SiloSettings(), NullLogger.Instance);
        Usage = new LocalUsage(Catalog, Clock, _table, Store, _executor.Transactions, Checkpointer);
        Sweep = new ExpirySweep(Catalog, Clock, _executor.Expiries, Operations.Reservations);
        Sealer = new UsageSealer(Catalog, Usage, Clock, NullLogger.Instance);
        RecordRestorer.QueueReservations(_table, _executor.Expiries);
    }

    /// <summary>Everything idle and saved leaves memory.</summary>
    public void Evict()
    {
        foreach (Shard shard in _table.Shards)
        {
            lock (shard.Gate)
            {
                shard.Evict(1000, KeyTable.Seconds(Clock.Now()) + 1);
            }
        }
    }

    /// <summary>What a counter of a key's own block holds; 0 if there is none.</summary>
    public long Counted(string key, string limit, string unit)
    {
        Assert.True(Catalog.Current.Namespaces.TryGet("n"u8, out NamespaceModel? owner));
        byte[] id = UsageMover.KeyId(owner, System.Text.Encoding.UTF8.GetBytes(key));
        StepResult<long> used = _executor.Transactions.Run([id], Clock.Now(), t =>
            CounterAccess.TryFind(t, id, default, limit, unit, out CounterAccess? found) ? Counter.Used(found.Value.Shape, found.Value.Counter, t.Now) : 0);
        Assert.Null(used.Fault);
        return used.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}
