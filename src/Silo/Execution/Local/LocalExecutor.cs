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
    private readonly DecisionKeeper _keeper;
    private readonly BlockFetcher _fetcher;

    /// <param name="table">Recovered blocks, or empty.</param>
    /// <param name="journal">Takes the accepted decisions.</param>
    /// <param name="store">Where blocks are that are not resident; null if there are none.</param>
    public LocalExecutor(KeyTable table, IJournal journal, IGrainStore? store)
    {
        _table = table;
        _journal = journal;
        _keeper = new DecisionKeeper(table.Layouts, journal);
        _fetcher = new BlockFetcher(table, _keeper, store);
    }

    public void Begin(in GrainCommand command, Decision decision)
    {
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        ReadOnlySpan<byte> keyId = id[..GrainId.WriteKey(id, command.Namespace.NameUtf8, command.Key)];
        ulong keyHash = KeyHash.Compute(keyId);
        Shard shard = _table.ShardOf(keyHash);
        uint applicable = command.Plan.Applicable(command.Attributes);

        // 1. A key whose blocks are all resident is decided at once.
        MissingBlock missing = TryDecide(shard, keyId, keyHash, command, applicable, decision);
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

    private MissingBlock TryDecide(Shard shard, ReadOnlySpan<byte> keyId, ulong keyHash, in GrainCommand command, uint applicable, Decision decision)
    {
        PlanModel plan = command.Plan;
        Span<int> valueBlocks = stackalloc int[plan.PerMask == 0 ? 0 : Bounds.LimitsPerPlanMax];
        uint seconds = KeyTable.Seconds(command.Now);
        lock (shard.Gate)
        {
            int keyBlock = Shard.NotFound;
            PendingRelayout? pending = null;
            if ((applicable & ~plan.PerMask) != 0)
            {
                keyBlock = shard.Find(keyHash, keyId);
                if (keyBlock == Shard.NotFound)
                {
                    return MissingBlock.Of(MissingBlock.KeyBlock, shard);
                }
                if (!Prepare(shard, keyBlock, plan.Layout, command, seconds, ref pending))
                {
                    FailJournal(decision);
                    return default;
                }
            }
            if ((applicable & plan.PerMask) != 0)
            {
                MissingBlock missing = FindValueBlocks(shard, command, applicable & plan.PerMask, valueBlocks, seconds, ref pending, decision);
                if (missing.IsMissing || decision.Status != DecisionStatus.Pending)
                {
                    return missing;
                }
            }
            var state = new ShardState(shard, plan, keyBlock, valueBlocks, pending);
            Span<LimitResult> results = decision.ResultBuffer(BitOperations.PopCount(applicable));
            GrainVerdict verdict = Grain.Evaluate(plan, applicable, ref state, command.Cost, command.Now, results);
            if (verdict.CountMask != 0)
            {
                if (pending is not null)
                {
                    pending.Install(shard);
                    state = new ShardState(shard, plan, keyBlock, valueBlocks, null);
                }
                if (!_keeper.TryKeep(shard, keyBlock, valueBlocks, verdict.CountMask, command, out long position))
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

    /// <summary>
    /// Brings a block to the plan's layout, if the key was under another plan when it was counted on last. A plan that the
    /// configuration says is in force from the first touch on, whatever that touch is answered; one that only the request names
    /// changes nothing unless the check counts, so it is made ready in <paramref name="pending"/>.
    /// </summary>
    private bool Prepare(Shard shard, int block, CounterLayout plan, in GrainCommand command, uint seconds, ref PendingRelayout? pending)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        entry.TouchedSeconds = seconds;
        CounterLayout current = _table.Layouts[entry.Layout];
        if (current.Id == plan.Id || (current.StartsWith(plan) && IsCarried(current, plan, command.Namespace)))
        {
            return true;
        }
        CounterLayout target = CounterMigration.Target(current, shard.State(block), plan, command.Namespace.Counters, command.Now);
        if (!_keeper.TryGetNumber(target, out int number))
        {
            return false;
        }
        byte[] migrated = new byte[target.SizeBytes];
        CounterMigration.Migrate(current, shard.State(block), target, migrated, command.Now);
        if (command.IsPlanConfigured)
        {
            shard.Relayout(block, number, migrated);
            // To the store, so that an eviction does not bring back counters that would be forgotten by the old plan's periods.
            shard.MarkDirty(block);
        }
        else
        {
            (pending ??= new PendingRelayout()).Add(block, number, migrated);
        }
        return true;
    }

    /// <summary>Whether everything behind the plan's counters belongs to other plans; a limit that was deleted leaves nothing behind.</summary>
    private static bool IsCarried(CounterLayout current, CounterLayout plan, NamespaceModel owner)
    {
        foreach (CounterShape shape in current.Shapes.AsSpan(plan.Shapes.Length))
        {
            if (!owner.Counters.Contains(shape))
            {
                return false;
            }
        }
        return true;
    }

    private MissingBlock FindValueBlocks(Shard shard, in GrainCommand command, uint limits, Span<int> valueBlocks, uint seconds, ref PendingRelayout? pending, Decision decision)
    {
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        for (uint rest = limits; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            ReadOnlySpan<byte> valueId = id[..GrainId.WriteValue(id, command.Namespace.NameUtf8, command.Key, command.Plan.Limits[i], command.Attributes)];
            valueBlocks[i] = shard.Find(KeyHash.Compute(valueId), valueId);
            if (valueBlocks[i] == Shard.NotFound)
            {
                return MissingBlock.Of(i, shard);
            }
            if (!Prepare(shard, valueBlocks[i], command.Plan.PerLayout(i), command, seconds, ref pending))
            {
                FailJournal(decision);
                return default;
            }
        }
        return default;
    }

    private bool TryFetch(Shard shard, ReadOnlySpan<byte> keyId, ulong keyHash, in GrainCommand command, MissingBlock missing, Decision decision)
    {
        try
        {
            if (_fetcher.Fetch(shard, keyId, keyHash, command, missing))
            {
                return true;
            }
            FailJournalOr(decision, "the key table is full of keys that are not checkpointed yet");
            return false;
        }
        catch (StoreException e)
        {
            decision.Fail(DecisionStatus.Unavailable, e.Message);
            return false;
        }
    }

    private void FailJournal(Decision decision) => FailJournalOr(decision, "the disk is too far behind");

    private void FailJournalOr(Decision decision, string overload)
    {
        if (_journal.Status == JournalStatus.Running)
        {
            decision.Fail(DecisionStatus.Overloaded, overload);
            return;
        }
        decision.Fail(DecisionStatus.Unavailable, $"the journal takes no decisions: {_journal.Status}");
    }

    private static void FailUnkept(Decision decision) =>
        decision.Fail(DecisionStatus.Unavailable, "the decision could not be kept: the journal failed");
}
