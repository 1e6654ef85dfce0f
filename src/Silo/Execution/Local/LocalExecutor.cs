using System.Numerics;
using System.Runtime.CompilerServices;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// The executor of a silo that owns every key: memory, journal, and a store that idle grains are evicted to.
/// <para>
/// Safety. All blocks of a key are in one shard and are only touched under its gate. Under the gate a check is evaluated on all
/// of its limits, then its record is appended to the journal, then it is counted: if the journal takes no record, nothing has
/// changed. Records of one key therefore stand in the journal in the order in which they were counted. The answer waits outside
/// the gate. A block that is not resident is loaded outside the gate; if any block has left the shard meanwhile, what was loaded
/// may be older than what has since been saved, and it is loaded again.
/// </para>
/// </summary>
internal sealed class LocalExecutor : IGrainExecutor
{
    /// <summary>Loads that one check may need: one per block, and again if blocks keep leaving in between.</summary>
    private const int LoadsMax = 256;

    private readonly KeyTable _table;
    private readonly IJournal _journal;
    private readonly IGrainStore? _store;
    private readonly Func<CounterLayout, bool> _announceLayout;

    /// <param name="table">Recovered blocks, or empty.</param>
    /// <param name="journal">Takes the accepted decisions.</param>
    /// <param name="store">Where blocks are that are not resident; null if there are none.</param>
    public LocalExecutor(KeyTable table, IJournal journal, IGrainStore? store)
    {
        _table = table;
        _journal = journal;
        _store = store;
        _announceLayout = AnnounceLayout;
    }

    [SkipLocalsInit]
    public void Begin(in GrainCommand command, Decision decision)
    {
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        ReadOnlySpan<byte> keyId = id[..GrainId.WriteKey(id, command.Namespace.NameUtf8, command.Key)];
        ulong keyHash = KeyHash.Compute(keyId);
        Shard shard = _table.ShardOf(keyHash);
        uint applicable = command.Plan.Applicable(command.Attributes);

        // 1. A key whose blocks are all resident is decided at once.
        Missing missing = TryDecide(shard, keyId, keyHash, command, applicable, decision);
        // 2. Otherwise each missing block is fetched outside the gate, and the check tried again.
        for (int loads = 0; missing.IsMissing; loads++)
        {
            if (loads == LoadsMax)
            {
                decision.Fail(DecisionStatus.Overloaded, "the key's blocks leave memory faster than they can be loaded");
                return;
            }
            if (!TryFetch(shard, keyId, keyHash, command, missing, decision))
            {
                return;
            }
            missing = TryDecide(shard, keyId, keyHash, command, applicable, decision);
        }
    }

    public ValueTask CompleteAsync(Decision decision)
    {
        if (decision.Namespace!.Sync == SyncMode.Os)
        {
            if (!_journal.EnsureWritten(decision.JournalPosition))
            {
                FailUnkept(decision);
            }
            return default;
        }
        ValueTask<bool> durable = _journal.WaitDurableAsync(decision.JournalPosition);
        if (!durable.IsCompletedSuccessfully)
        {
            return Await(durable, decision);
        }
        if (!durable.Result)
        {
            FailUnkept(decision);
        }
        return default;

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        static async ValueTask Await(ValueTask<bool> durable, Decision decision)
        {
            if (!await durable.ConfigureAwait(false))
            {
                FailUnkept(decision);
            }
        }
    }

    private Missing TryDecide(Shard shard, ReadOnlySpan<byte> keyId, ulong keyHash, in GrainCommand command, uint applicable, Decision decision)
    {
        PlanModel plan = command.Plan;
        Span<int> valueBlocks = stackalloc int[plan.PerMask == 0 ? 0 : Bounds.LimitsPerPlanMax];
        uint seconds = KeyTable.Seconds(command.Now);
        lock (shard.Gate)
        {
            int keyBlock = Shard.NotFound;
            if ((applicable & ~plan.PerMask) != 0)
            {
                keyBlock = shard.Find(keyHash, keyId);
                if (keyBlock == Shard.NotFound)
                {
                    return Missing.Block(Missing.KeyBlock, shard.Departures);
                }
                if (!Prepare(shard, keyBlock, plan.Layout, command.Now, seconds))
                {
                    FailJournal(decision);
                    return default;
                }
            }
            if ((applicable & plan.PerMask) != 0)
            {
                Missing missing = FindValueBlocks(shard, command, applicable & plan.PerMask, valueBlocks, seconds, decision);
                if (missing.IsMissing || decision.Status != DecisionStatus.Pending)
                {
                    return missing;
                }
            }
            var state = new ShardState(shard, plan, keyBlock, valueBlocks);
            Span<LimitResult> results = decision.ResultBuffer(BitOperations.PopCount(applicable));
            GrainVerdict verdict = Grain.Evaluate(plan, applicable, ref state, command.Cost, command.Now, results);
            if (verdict.CountMask != 0)
            {
                if (!Keep(shard, plan, keyBlock, valueBlocks, verdict.CountMask, command, out long position))
                {
                    FailJournal(decision);
                    return default;
                }
                Grain.Count(plan, ref state, verdict.CountMask, command.Cost, command.Now);
                decision.JournalPosition = position;
            }
            Grain.Describe(plan, applicable, ref state, command.Now, results);
            decision.Decide(plan, verdict);
            return default;
        }
    }

    /// <summary>Brings a block to the plan's layout, if the plan has changed since it was counted on last.</summary>
    private bool Prepare(Shard shard, int block, CounterLayout layout, in Instant now, uint seconds)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        entry.TouchedSeconds = seconds;
        CounterLayout current = _table.Layouts[entry.Layout];
        if (ReferenceEquals(current, layout) || current.Id == layout.Id)
        {
            return true;
        }
        if (!_table.Layouts.TryGetNumber(layout, _announceLayout, out int number))
        {
            return false;
        }
        byte[] migrated = new byte[layout.SizeBytes];
        CounterMigration.Migrate(current, shard.State(block), layout, migrated, now);
        shard.Relayout(block, number, migrated);
        return true;
    }

    private Missing FindValueBlocks(Shard shard, in GrainCommand command, uint limits, Span<int> valueBlocks, uint seconds, Decision decision)
    {
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        for (uint rest = limits; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            ReadOnlySpan<byte> valueId = id[..GrainId.WriteValue(id, command.Namespace.NameUtf8, command.Key, command.Plan.Limits[i], command.Attributes)];
            valueBlocks[i] = shard.Find(KeyHash.Compute(valueId), valueId);
            if (valueBlocks[i] == Shard.NotFound)
            {
                return Missing.Block(i, shard.Departures);
            }
            if (!Prepare(shard, valueBlocks[i], command.Plan.PerLayout(i), command.Now, seconds))
            {
                FailJournal(decision);
                return default;
            }
        }
        return default;
    }

    /// <summary>Appends the record of the decision to the journal and marks its blocks dirty; or does nothing and returns false.</summary>
    private bool Keep(Shard shard, PlanModel plan, int keyBlock, ReadOnlySpan<int> valueBlocks, uint countMask, in GrainCommand command, out long position)
    {
        uint keyMask = KeyMask(plan, countMask & ~plan.PerMask);
        uint values = countMask & plan.PerMask;
        int blocks = BitOperations.PopCount(values) + (keyMask != 0 ? 1 : 0);
        int size = DecisionRecord.HeadBytes + (keyMask != 0 ? RecordBytes(shard, keyBlock) : 0);
        for (uint rest = values; rest != 0; rest &= rest - 1)
        {
            size += RecordBytes(shard, valueBlocks[BitOperations.TrailingZeroCount(rest)]);
        }
        if (shard.RecordScratch.Length < size)
        {
            shard.RecordScratch = new byte[BitOperations.RoundUpToPowerOf2((uint)size)];
        }
        Span<byte> record = shard.RecordScratch.AsSpan(0, size);
        int n = DecisionRecord.WriteHead(record, blocks, command.Now, command.Cost);
        if (keyMask != 0)
        {
            n += WriteBlock(shard, keyBlock, keyMask, record[n..]);
        }
        for (uint rest = values; rest != 0; rest &= rest - 1)
        {
            n += WriteBlock(shard, valueBlocks[BitOperations.TrailingZeroCount(rest)], 1, record[n..]);
        }
        if (!_journal.TryAppend(record[..n], out position))
        {
            return false;
        }
        if (keyMask != 0)
        {
            MarkCounted(shard, keyBlock);
        }
        for (uint rest = values; rest != 0; rest &= rest - 1)
        {
            MarkCounted(shard, valueBlocks[BitOperations.TrailingZeroCount(rest)]);
        }
        return true;
    }

    private static void MarkCounted(Shard shard, int block)
    {
        shard.MarkDirty(block);
        shard.Entry(block).Flags |= BlockFlags.Imaged;
    }

    private static int RecordBytes(Shard shard, int block)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        return DecisionRecord.BlockBytes(entry.IdLength, entry.StateLength, (entry.Flags & BlockFlags.Imaged) == 0);
    }

    private int WriteBlock(Shard shard, int block, uint mask, Span<byte> target)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        return (entry.Flags & BlockFlags.Imaged) != 0
            ? DecisionRecord.WriteBlock(target, shard.Id(block), mask, null, default)
            : DecisionRecord.WriteBlock(target, shard.Id(block), mask, _table.Layouts[entry.Layout].Id, shard.State(block));
    }

    /// <summary>From limits of the plan to counters of the key block's layout.</summary>
    private static uint KeyMask(PlanModel plan, uint limits)
    {
        if (plan.PerMask == 0)
        {
            return limits;
        }
        uint mask = 0;
        for (uint rest = limits; rest != 0; rest &= rest - 1)
        {
            mask |= 1u << plan.LayoutIndex(BitOperations.TrailingZeroCount(rest));
        }
        return mask;
    }

    private bool TryFetch(Shard shard, ReadOnlySpan<byte> keyId, ulong keyHash, in GrainCommand command, Missing missing, Decision decision)
    {
        try
        {
            if (!Fetch(shard, keyId, keyHash, command, missing))
            {
                decision.Fail(DecisionStatus.Overloaded, "the key table is full of keys that are not checkpointed yet");
                return false;
            }
            return true;
        }
        catch (StoreException e)
        {
            decision.Fail(DecisionStatus.Unavailable, e.Message);
            return false;
        }
    }

    /// <summary>Makes the missing block resident: from the store, or new. False if there is no room for it.</summary>
    private bool Fetch(Shard shard, ReadOnlySpan<byte> keyId, ulong keyHash, in GrainCommand command, Missing missing)
    {
        Span<byte> buffer = stackalloc byte[Bounds.GrainIdBytesMax];
        scoped ReadOnlySpan<byte> id = keyId;
        ulong hash = keyHash;
        CounterLayout layout = command.Plan.Layout;
        if (missing.Limit != Missing.KeyBlock)
        {
            LimitModel limit = command.Plan.Limits[missing.Limit];
            id = buffer[..GrainId.WriteValue(buffer, command.Namespace.NameUtf8, command.Key, limit, command.Attributes)];
            hash = KeyHash.Compute(id);
            layout = command.Plan.PerLayout(missing.Limit);
        }
        StoredGrain? stored = Load(id);
        int number;
        ReadOnlySpan<byte> state;
        if (stored is StoredGrain found && _table.Layouts.TryFind(found.LayoutId, out number))
        {
            state = found.State.Span;
        }
        else
        {
            // A layout that is nowhere would mean a store that lost its layouts: that was refused when it was opened.
            Invariant.Check(stored is null);
            if (!_table.Layouts.TryGetNumber(layout, _announceLayout, out number))
            {
                return false;
            }
            state = new byte[layout.SizeBytes];
        }
        lock (shard.Gate)
        {
            if (shard.Departures != missing.Departures || shard.Find(hash, id) != Shard.NotFound)
            {
                return true;
            }
            if (!MakeRoom(shard, command.Now))
            {
                return false;
            }
            shard.Insert(hash, id, number, state, KeyTable.Seconds(command.Now));
            return true;
        }
    }

    private StoredGrain? Load(ReadOnlySpan<byte> id)
    {
        if (_store is null)
        {
            return null;
        }
        ValueTask<StoredGrain?> load = _store.LoadAsync(id.ToArray(), CancellationToken.None);
        // The embedded store answers on the caller's thread; nothing waits for another one here.
        Invariant.Check(load.IsCompleted);
        return load.GetAwaiter().GetResult();
    }

    private bool MakeRoom(Shard shard, in Instant now)
    {
        uint seconds = KeyTable.Seconds(now);
        if (shard.Count >= _table.ShardSoftMax && shard.Evict(EvictExamine, seconds - RecentSeconds) == 0)
        {
            // None of them is idle: whatever was not touched this very second and is safe in the store may go.
            shard.Evict(EvictExamine, seconds);
        }
        return shard.Count < _table.ShardHardMax;
    }

    /// <summary>Entries looked at when a full shard adds one: a microsecond's work, and more than one finds.</summary>
    private const int EvictExamine = 32;

    /// <summary>A full shard drops blocks that were not touched for this long before it drops others.</summary>
    private const uint RecentSeconds = 60;

    private bool AnnounceLayout(CounterLayout layout)
    {
        byte[] record = [(byte)JournalRecordKind.Layout, .. layout.Encoded];
        return _journal.TryAppend(record, out _);
    }

    private void FailJournal(Decision decision)
    {
        if (_journal.Status == JournalStatus.Running)
        {
            decision.Fail(DecisionStatus.Overloaded, "the disk is too far behind");
            return;
        }
        decision.Fail(DecisionStatus.Unavailable, $"the journal takes no decisions: {_journal.Status}");
    }

    private static void FailUnkept(Decision decision) =>
        decision.Fail(DecisionStatus.Unavailable, "the decision could not be kept: the journal failed");

    /// <summary>The first block of a check that is not resident, and the shard's departures when it was found missing.</summary>
    private readonly record struct Missing(bool IsMissing, int Limit, long Departures)
    {
        public const int KeyBlock = -1;

        public static Missing Block(int limit, long departures) => new(true, limit, departures);
    }
}
