using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Limiting;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// Where a batch is worked on: the same steps as the local executor's, over a table that holds nothing but the blocks of the batch,
/// and with a commit to the store in place of the journal. Used by one batch at a time, and then by another.
/// </summary>
internal sealed class Workbench
{
    /// <summary>A batch has at most a few hundred blocks; this many never asks one to leave.</summary>
    private const int ResidentMax = 1 << 20;

    private readonly BatchClock _clock = new();
    private readonly KeyTable _table;
    private readonly LocalOperations _operations;
    private readonly NullJournal _journal = new();

    public Workbench(LayoutRegistry layouts, CatalogState catalog, ExpiryQueue expiries, EventSchedule schedule, EventLog log)
    {
        _table = new KeyTable(layouts, ResidentMax, shardCount: 1) { HoldsRecords = false };
        Events = new EventRaiser(schedule, log) { Deferred = [] };
        Executor = new LocalExecutor(_table, _journal, View, Events, expiries);
        _operations = new LocalOperations(catalog, _clock, new Limiter(catalog, Executor, _clock), Executor, _table);
        Usage = new LocalUsage(catalog, _clock, _table, View, Executor.Transactions, checkpointer: null);
        Queue = new LocalEventQueue(Executor.Transactions, _journal, _clock);
    }

    /// <summary>The blocks as the store had them.</summary>
    public BatchView View { get; } = new();

    public LocalExecutor Executor { get; }

    public IGrainOperations Operations => _operations;

    public ReservationOperations Reservations => _operations.Reservations;

    public LocalUsage Usage { get; }

    public LocalEventQueue Queue { get; }

    public EventRaiser Events { get; }

    /// <summary>The instant of the batch.</summary>
    public Instant At => _clock.Instant;

    /// <summary>The result of an operation on a bench, where nothing waits: there is no journal, and what is missing ends the step.</summary>
    public static TValue Now<TValue>(ValueTask<TValue> operation)
    {
        Invariant.Check(operation.IsCompleted);
        return operation.GetAwaiter().GetResult();
    }

    /// <summary>Runs one transaction at the instant of the batch; why it came to nothing, or null.</summary>
    public StepFault? Run(byte[][] keyIds, Action<GrainTransaction> body) => Executor.Transactions.Run(
        keyIds,
        At,
        transaction =>
        {
            body(transaction);
            return true;
        }).Fault;

    /// <summary>Begins a batch, or begins it anew.</summary>
    public void Open(IEnumerable<byte[]> keyIds, in Instant now)
    {
        _clock.Instant = now;
        View.Open(keyIds);
        Events.Deferred!.Clear();
        Shard shard = _table.Shards[0];
        lock (shard.Gate)
        {
            shard.Clear();
        }
    }

    /// <summary>What the batch has to save: every block on which it counted. Refusals alone are no reason to save one.</summary>
    public List<GrainSave> Collect()
    {
        var saves = new List<GrainSave>();
        Shard shard = _table.Shards[0];
        lock (shard.Gate)
        {
            foreach (int block in shard.DirtyBlocks)
            {
                // Not whether it is imaged: a change of layout after it was counted on takes that back.
                if ((shard.Entry(block).Flags & BlockFlags.Counted) == 0)
                {
                    continue;
                }
                byte[] id = shard.Id(block).ToArray();
                byte[] state = shard.State(block).ToArray();
                CounterLayout layout = _table.Layouts[shard.Entry(block).Layout];
                View.Blocks.TryGetValue(id, out CachedBlock? before);
                long expected = before?.Version ?? 0;
                bool isDeletion = layout.IsRecord && RecordHead.IsTombstone(state);
                if (isDeletion && expected == 0)
                {
                    continue;
                }
                // A version is never used twice for a block, also if it was deleted in between: instants grow faster than versions.
                long version = expected == 0 ? Math.Max(1, At.WindowNs) : expected + 1;
                var save = new GrainSave(id, expected, new StoredGrain(layout.Id, version, Grains.Counters.CounterExpiry.ForgetAtNs(layout, state, At), state)) { IsDeletion = isDeletion };
                saves.Add(save);
            }
        }
        return saves;
    }
}
