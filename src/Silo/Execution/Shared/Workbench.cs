using Quota.Grains;
using Quota.Grains.Counters;
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
        Tallies = new TallyBoard(View);
        _table = new KeyTable(layouts, ResidentMax, shardCount: 1) { HoldsRecords = false, Tally = Tallies };
        Events = new EventRaiser(schedule, log) { Deferred = [] };
        Executor = new LocalExecutor(_table, _journal, View, Events, expiries);
        _operations = new LocalOperations(catalog, _clock, new Limiter(catalog, Executor, _clock), Executor, _table);
        Usage = new LocalUsage(catalog, _clock, _table, View, Executor.Transactions, checkpointer: null);
        Queue = new LocalEventQueue(Executor.Transactions, _journal, _clock);
    }

    /// <summary>The blocks as the store had them.</summary>
    public BatchView View { get; } = new();

    /// <summary>What the keys of the batch have of request ids and open reservations.</summary>
    public TallyBoard Tallies { get; }

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
        Tallies.Clear();
        Events.Deferred!.Clear();
        Shard shard = _table.Shards[0];
        lock (shard.Gate)
        {
            shard.Clear();
        }
    }

    /// <summary>
    /// What the batch has to save: every block on which it counted, and the own block of every key whose tally it changed. Refusals alone
    /// are no reason to save one.
    /// </summary>
    public List<GrainSave> Collect()
    {
        var saves = new List<GrainSave>();
        var tallied = new HashSet<byte[]>(Tallies.Changed, BytesComparer.Instance);
        Shard shard = _table.Shards[0];
        lock (shard.Gate)
        {
            foreach (int block in shard.DirtyBlocks)
            {
                // Not whether it is imaged: a change of layout after it was counted on takes that back.
                if ((shard.Entry(block).Flags & BlockFlags.Counted) != 0)
                {
                    byte[] id = shard.Id(block).ToArray();
                    tallied.Remove(id);
                    Collect(saves, id, _table.Layouts[shard.Entry(block).Layout], shard.State(block).ToArray());
                }
            }
            foreach (byte[] keyId in tallied)
            {
                (CounterLayout layout, byte[] state) = BlockOf(shard, keyId);
                Collect(saves, keyId, layout, state);
            }
        }
        return saves;
    }

    private void Collect(List<GrainSave> saves, byte[] id, CounterLayout layout, byte[] state)
    {
        KeyTally? tally = id[0] == GrainId.KeyBlock ? Tallies.Find(id) : null;
        byte[] counts = tally?.Encode(At.WindowNs) ?? [];
        if (counts.Length > 0 && layout.IsRecord)
        {
            // The block was deleted, and records came after that.
            (layout, state) = NoCounters();
        }
        View.Blocks.TryGetValue(id, out CachedBlock? before);
        long expected = before?.Version ?? 0;
        bool isDeletion = layout.IsRecord && RecordHead.IsTombstone(state);
        if (isDeletion && expected == 0)
        {
            return;
        }
        // A version is never used twice for a block, also if it was deleted in between: instants grow faster than versions.
        long version = expected == 0 ? Math.Max(1, At.WindowNs) : expected + 1;
        long forgetAtNs = Math.Max(CounterExpiry.ForgetAtNs(layout, state, At), counts.Length > 0 ? tally!.ForgetAtNs : 0);
        saves.Add(new GrainSave(id, expected, new StoredGrain(layout.Id, version, forgetAtNs, counts.Length > 0 ? [.. state, .. counts] : state)) { IsDeletion = isDeletion });
    }

    /// <summary>A key's own block, on which the batch did not count: as it is on the bench, or else in the store.</summary>
    private (CounterLayout Layout, byte[] State) BlockOf(Shard shard, byte[] keyId)
    {
        int block = shard.Find(KeyHash.Compute(keyId), keyId);
        if (block != Shard.NotFound)
        {
            return (_table.Layouts[shard.Entry(block).Layout], shard.State(block).ToArray());
        }
        if (View.Blocks[keyId].Grain is not { } stored)
        {
            return NoCounters();
        }
        Invariant.Check(_table.Layouts.TryFind(stored.LayoutId, out int number));
        return (_table.Layouts[number], stored.State.ToArray());
    }

    /// <summary>The block of a key that has none: no limit of its plan counts in it.</summary>
    private (CounterLayout Layout, byte[] State) NoCounters()
    {
        var none = new CounterLayout([]);
        Invariant.Check(_table.Layouts.TryGetNumber(none, _ => true, out _));
        return (none, []);
    }
}
