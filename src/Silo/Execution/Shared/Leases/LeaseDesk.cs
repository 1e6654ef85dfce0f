using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Local;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// The leases of one silo: which blocks it has one of, what is to be settled, and what the grains said when they refused.
/// <para>
/// Safety. A lease is closed here first (under its block's gate its end becomes 0, so that nothing more is spent), then settled in the
/// store, then taken from the block. Until it is known that the store has settled it, it stays closed: if the silo does not learn
/// whether a commit happened, or dies, the next try finds the lease in the book, or does not, and that decides. A lease that the
/// book has and that neither this silo's memory nor its own store knows was granted by such a commit, and nothing was spent of it.
/// A spent permit is in the journal before its answer leaves, so a restart finds it, and a checkpoint carries it to the silo's own store.
/// </para>
/// Safe for concurrent use: a key is in one batch at a time, blocks are touched under their gates, the rest is concurrent.
/// </summary>
/// <param name="table">This silo's own table: leased blocks only.</param>
/// <param name="keeper">Numbers layouts, in the journal of the table.</param>
/// <param name="fetcher">Brings leased blocks that have left memory.</param>
/// <param name="holder">Identifies the silo's data directory.</param>
/// <param name="silo">The silo's name.</param>
/// <param name="silos">How many silos share the store now.</param>
/// <param name="demandSlots">Counters of recent demand.</param>
internal sealed class LeaseDesk(KeyTable table, DecisionKeeper keeper, BlockFetcher fetcher, long holder, string silo, Func<int> silos, int demandSlots = DemandSketch.SlotsDefault)
{
    private readonly ConcurrentDictionary<byte[], CheckBlock> _held = new(BytesComparer.Instance);
    private readonly ConcurrentDictionary<byte[], (CheckBlock Block, long DueNs)> _noted = new(BytesComparer.Instance);
    private readonly DemandSketch _demand = new(demandSlots);

    /// <summary>Blocks on which this silo has a lease or something to settle.</summary>
    public int Held => _held.Count;

    public long Holder => holder;

    public LeaseTerms Terms => new(holder, silo, Math.Max(1, silos()));

    /// <summary>
    /// Closes every lease that is in memory at the start: the journal does not say which of them have been settled since, and what is
    /// spent of a settled lease is counted nowhere. What the book still has of them is settled by what they spent.
    /// </summary>
    public void CloseRecovered()
    {
        foreach (Shard shard in table.Shards)
        {
            lock (shard.Gate)
            {
                for (int block = 0; block < shard.EntryEnd; block++)
                {
                    if (shard.Entry(block).Reference != 0)
                    {
                        CloseAt(shard, block);
                    }
                }
            }
        }
    }

    /// <summary>Notes that a check could not be decided here.</summary>
    public void Note(CheckOp op, long nowNs)
    {
        foreach (CheckBlock block in op.Blocks)
        {
            _demand.Note(block.Id, nowNs);
        }
    }

    /// <summary>How often a block was asked for in the store of late, per second.</summary>
    public double ChecksPerSecond(CheckBlock block, long nowNs) => _demand.Recent(block.Id, nowNs) / 1.5;

    /// <summary>Whether a block is asked for in the store so often that a lease pays.</summary>
    public bool IsHot(CheckBlock block, long nowNs) => _demand.Recent(block.Id, nowNs) >= Bounds.LeaseChecksMin;

    /// <summary>A block that may have a lease of this silo, to be looked after.</summary>
    public void Watch(CheckBlock block) => _held[block.Id] = block;

    /// <summary>The block of this id, if there is something to settle on it.</summary>
    public CheckBlock? Find(byte[] blockId) => _held.GetValueOrDefault(blockId);

    /// <summary>How long ago the oldest lease that is not settled was granted, in ms: as old is what the store does not know yet.</summary>
    public long LagMs(in Instant now)
    {
        long oldestNs = now.WindowNs;
        foreach (CheckBlock block in All())
        {
            Shard shard = ShardOf(block);
            lock (shard.Gate)
            {
                if (TryFind(shard, block.Id, out CounterLayout? layout, out Span<byte> state) && LeaseBlock.Head(layout, state)[LeaseHead.Id] != 0)
                {
                    oldestNs = Math.Min(oldestNs, LeaseBlock.Head(layout, state)[LeaseHead.GrantedNs]);
                }
            }
        }
        return (now.WindowNs - oldestNs) / 1_000_000;
    }

    /// <summary>Permits of the limits of this silo's leases that the store does not know as spent or free: of each block those of the limit with the fewest.</summary>
    public long Unsettled()
    {
        long units = 0;
        foreach (CheckBlock block in All())
        {
            Shard shard = ShardOf(block);
            lock (shard.Gate)
            {
                if (!TryFind(shard, block.Id, out CounterLayout? layout, out Span<byte> state) || LeaseBlock.Head(layout, state)[LeaseHead.Id] == 0)
                {
                    continue;
                }
                long fewest = long.MaxValue;
                for (int i = 0; i < layout.Shapes.Length; i++)
                {
                    long granted = layout.Shapes[i].Algorithm == LimitAlgorithm.Lease ? LeaseBlock.Limit(layout, state, i)[LeaseCounter.Granted] : 0;
                    fewest = granted > 0 ? Math.Min(fewest, granted) : fewest;
                }
                units += fewest == long.MaxValue ? 0 : fewest;
            }
        }
        return units;
    }

    /// <summary>Every block on which there is something to settle.</summary>
    public List<CheckBlock> All() => [.. _held.Values];

    /// <summary>Blocks whose leases are over, or on which refusals were noted.</summary>
    public List<CheckBlock> Due(in Instant now)
    {
        var due = new List<CheckBlock>();
        foreach ((byte[] _, CheckBlock block) in _held)
        {
            Shard shard = ShardOf(block);
            lock (shard.Gate)
            {
                if (!TryFind(shard, block.Id, out CounterLayout? layout, out Span<byte> state) || LeaseBlock.Head(layout, state)[LeaseHead.EndNs] <= now.WindowNs)
                {
                    due.Add(block);
                }
            }
        }
        foreach ((byte[] id, (CheckBlock block, long dueNs)) in _noted)
        {
            if (dueNs <= now.WindowNs && _noted.TryRemove(id, out _) && !_held.ContainsKey(id))
            {
                due.Add(block);
            }
        }
        return due;
    }

    /// <summary>
    /// Finds what a check cannot go on with: a lease that has ended or has not enough left is closed, and settled by the batch.
    /// </summary>
    /// <param name="target">Takes what is to be settled.</param>
    /// <param name="block">The block, as the check counts on it.</param>
    /// <param name="now">The instant of the batch.</param>
    /// <param name="takesNotes">Refusals that were noted are to be saved as well.</param>
    public void Close(LeaseTarget target, CheckBlock block, in Instant now, bool takesNotes = false)
    {
        if (target.Closing is not null)
        {
            return;
        }
        Shard shard = ShardOf(block);
        lock (shard.Gate)
        {
            if (!TryFind(shard, block.Id, out CounterLayout? layout, out Span<byte> state))
            {
                return;
            }
            Span<long> head = LeaseBlock.Head(layout, state);
            if (head[LeaseHead.Id] == 0)
            {
                if (layout.Usage is not null && !UsageSection.IsEmpty(layout, state) && (takesNotes || UsageSection.IsDue(layout, state, now)))
                {
                    target.Closing = new LeaseSnapshot(0, layout, state.ToArray());
                    UsageSection.Clear(layout, state);
                }
                return;
            }
            if (head[LeaseHead.EndNs] > now.WindowNs && block.Plan is not null && layout.Id == block.LeasedLayout.Id && HasRoom(block, layout, state))
            {
                target.LiveId = head[LeaseHead.Id];
                return;
            }
            head[LeaseHead.EndNs] = 0;
            target.LiveId = 0;
            target.Closing = new LeaseSnapshot(head[LeaseHead.Id], layout, state.ToArray());
        }
    }

    /// <summary>Makes a leased block resident that was evicted before it was settled. Nothing more is spent of it: it may be older than its last settlement.</summary>
    /// <exception cref="Store.StoreException">The silo's own store cannot be read.</exception>
    public void Bring(CheckBlock block, in Instant now)
    {
        Shard shard = ShardOf(block);
        long departures;
        lock (shard.Gate)
        {
            if (shard.Find(KeyHash.Compute(block.Id), block.Id) != Shard.NotFound)
            {
                return;
            }
            departures = shard.Departures;
        }
        fetcher.Fetch(shard, block.Id, departures, null, now);
        lock (shard.Gate)
        {
            int at = shard.Find(KeyHash.Compute(block.Id), block.Id);
            if (at != Shard.NotFound)
            {
                CloseAt(shard, at);
            }
        }
    }

    /// <summary>The store has settled and granted what the target says.</summary>
    public void Install(LeaseTarget target, in Instant now)
    {
        CheckBlock block = target.Block;
        if (target.Granted is null)
        {
            if (target.LiveId == 0)
            {
                Clear(block, target.Closing?.LeaseId ?? 0);
            }
            return;
        }
        Put(block, now, (layout, state) =>
        {
            // What was settled goes; refusals that were noted without a lease stay, and are settled with this one.
            (target.Closing is { LeaseId: not 0 } ? state : state[..layout.UsageOffset]).Clear();
            Span<long> head = LeaseBlock.Head(layout, state);
            head[LeaseHead.Id] = target.Granted.Id;
            head[LeaseHead.EndNs] = target.Granted.EndNs;
            head[LeaseHead.GrantedNs] = target.Granted.GrantedAt.WindowNs;
            head[LeaseHead.GrantedMs] = target.Granted.GrantedAt.WallMs;
            foreach ((int place, LeaseTarget.GrainLevel level) in target.Levels)
            {
                Span<long> limit = LeaseBlock.Limit(layout, state, place);
                limit[LeaseCounter.Granted] = level.Granted;
                limit[LeaseCounter.Amount] = level.Amount;
                limit[LeaseCounter.Pool] = level.Left;
                limit[LeaseCounter.ResetAtNs] = level.ResetAtNs;
            }
        });
        _held[block.Id] = block;
    }

    /// <summary>The store has refused a check: it is not asked again at once, and the refusal is noted here.</summary>
    /// <param name="op">The check.</param>
    /// <param name="isSaved">Whether the refusal was saved with the block already.</param>
    /// <param name="now">The instant of the batch.</param>
    public void InstallRefusal(CheckOp op, Func<CheckBlock, bool> isSaved, in Instant now)
    {
        Instant at = now;
        for (int i = 0; i < op.Blocks.Count; i++)
        {
            CheckBlock block = op.Blocks[i];
            if (IsOut(block))
            {
                continue;
            }
            int level = op.LevelOf(i);
            Put(block, now, (layout, state) =>
            {
                if (LeaseBlock.Head(layout, state)[LeaseHead.Id] == 0)
                {
                    Refusals.Describe(op.Decision, block, level, layout, state, at);
                }
                if (block.Limit < 0 && !isSaved(block))
                {
                    Refusals.Note(op.Decision, block, level, layout, state, at);
                }
            });
            if (block.Limit < 0)
            {
                _noted.TryAdd(block.Id, (block, now.WindowNs + Bounds.DenialNotesNs));
            }
        }
    }

    /// <summary>A lease that is settled leaves the block, unless the block has another one by now.</summary>
    private void Clear(CheckBlock block, long closedId)
    {
        Shard shard = ShardOf(block);
        lock (shard.Gate)
        {
            if (TryFind(shard, block.Id, out CounterLayout? layout, out Span<byte> state) && LeaseBlock.Head(layout, state)[LeaseHead.Id] == closedId && closedId != 0)
            {
                state.Clear();
            }
        }
        _held.TryRemove(block.Id, out _);
    }

    private void Put(CheckBlock block, in Instant now, PutBody body)
    {
        CounterLayout layout = block.LeasedLayout;
        Shard shard = ShardOf(block);
        if (!keeper.TryGetNumber(layout, out int number) || table.IsOverfull)
        {
            // No room in the journal or in memory: the lease is not used, and settled as it is.
            return;
        }
        lock (shard.Gate)
        {
            int at = shard.Find(KeyHash.Compute(block.Id), block.Id);
            byte[] state = new byte[layout.SizeBytes];
            if (at == Shard.NotFound)
            {
                if (!fetcher.MakeRoom(shard, now))
                {
                    return;
                }
                body(layout, state);
                shard.Insert(KeyHash.Compute(block.Id), block.Id, number, state, KeyTable.Seconds(now));
                return;
            }
            if (table.Layouts[shard.Entry(at).Layout].Id == layout.Id)
            {
                shard.State(at).CopyTo(state);
            }
            else if (LeaseBlock.Head(table.Layouts[shard.Entry(at).Layout], shard.State(at))[LeaseHead.Id] != 0)
            {
                // Of another plan, and not settled yet.
                return;
            }
            body(layout, state);
            shard.Relayout(at, number, state);
            shard.Entry(at).TouchedSeconds = KeyTable.Seconds(now);
        }
    }

    private bool TryFind(Shard shard, byte[] id, [NotNullWhen(true)] out CounterLayout? layout, out Span<byte> state)
    {
        layout = null;
        state = default;
        int at = shard.Find(KeyHash.Compute(id), id);
        if (at == Shard.NotFound)
        {
            return false;
        }
        layout = table.Layouts[shard.Entry(at).Layout];
        state = shard.State(at);
        return LeaseBlock.IsLeased(layout);
    }

    /// <summary>Whether every limit the block's check counts on has permits left, or never had any.</summary>
    private static bool HasRoom(CheckBlock block, CounterLayout layout, Span<byte> state)
    {
        foreach ((int place, LimitModel limit) in block.Limits)
        {
            Span<long> counter = LeaseBlock.Limit(layout, state, place);
            long cost = block.Costs[Array.IndexOf(block.Plan!.Units, limit.Unit)];
            if (counter[LeaseCounter.Granted] > 0 && cost > counter[LeaseCounter.Granted] - counter[LeaseCounter.Spent])
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether a block on which there is something to settle has left memory: nothing may take its place before it is back.</summary>
    private bool IsOut(CheckBlock block)
    {
        Shard shard = ShardOf(block);
        lock (shard.Gate)
        {
            return _held.ContainsKey(block.Id) && shard.Find(KeyHash.Compute(block.Id), block.Id) == Shard.NotFound;
        }
    }

    private void CloseAt(Shard shard, int block)
    {
        CounterLayout layout = table.Layouts[shard.Entry(block).Layout];
        if (LeaseBlock.IsLeased(layout))
        {
            LeaseBlock.Head(layout, shard.State(block))[LeaseHead.EndNs] = 0;
        }
    }

    private Shard ShardOf(CheckBlock block) => table.ShardOf(KeyHash.Compute(block.KeyId));

    private delegate void PutBody(CounterLayout layout, Span<byte> state);
}
