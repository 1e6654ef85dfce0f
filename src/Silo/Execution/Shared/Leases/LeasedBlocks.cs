using System.Diagnostics.CodeAnalysis;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Local;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// The leased blocks of one silo, in its own table: the permits it has, and what it spent of them.
/// <para>
/// Safety. Every block is touched under its shard's gate, which the hot step holds too (<see cref="LeaseFront"/>). A lease whose end is
/// 0 is closed: nothing is spent of it any more, and it stays closed until it is taken from the block. Blocks are granted on, renewed
/// and cleared by the batch that has the key, of which there is one at a time.
/// </para>
/// </summary>
/// <param name="table">This silo's own table: leased blocks only.</param>
/// <param name="keeper">Numbers layouts, in the journal of the table.</param>
/// <param name="fetcher">Brings leased blocks that have left memory.</param>
internal sealed class LeasedBlocks(KeyTable table, DecisionKeeper keeper, BlockFetcher fetcher)
{
    /// <summary>Changes a block's state.</summary>
    public delegate void Change(CounterLayout layout, Span<byte> state);

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

    /// <summary>When the block's lease was granted, on the window scale; null if it has none.</summary>
    public long? GrantedNs(CheckBlock block)
    {
        lock (ShardOf(block).Gate)
        {
            return TryFind(block, out CounterLayout? layout, out Span<byte> state) && LeaseBlock.Head(layout, state)[LeaseHead.Id] != 0
                ? LeaseBlock.Head(layout, state)[LeaseHead.GrantedNs]
                : null;
        }
    }

    /// <summary>Permits of the block's lease, of the limit with the fewest; 0 if it has none.</summary>
    public long Permits(CheckBlock block)
    {
        lock (ShardOf(block).Gate)
        {
            if (!TryFind(block, out CounterLayout? layout, out Span<byte> state) || LeaseBlock.Head(layout, state)[LeaseHead.Id] == 0)
            {
                return 0;
            }
            long fewest = long.MaxValue;
            for (int i = 0; i < layout.Shapes.Length; i++)
            {
                long granted = layout.Shapes[i].Algorithm == LimitAlgorithm.Lease ? LeaseBlock.Limit(layout, state, i)[LeaseCounter.Granted] : 0;
                fewest = granted > 0 ? Math.Min(fewest, granted) : fewest;
            }
            return fewest == long.MaxValue ? 0 : fewest;
        }
    }

    /// <summary>Whether the block's lease has ended, or has left memory.</summary>
    public bool IsOver(CheckBlock block, in Instant now)
    {
        lock (ShardOf(block).Gate)
        {
            return !TryFind(block, out CounterLayout? layout, out Span<byte> state) || LeaseBlock.Head(layout, state)[LeaseHead.EndNs] <= now.WindowNs;
        }
    }

    /// <summary>Whether the block is not in memory.</summary>
    public bool IsOut(CheckBlock block)
    {
        Shard shard = ShardOf(block);
        lock (shard.Gate)
        {
            return shard.Find(KeyHash.Compute(block.Id), block.Id) == Shard.NotFound;
        }
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
        lock (ShardOf(block).Gate)
        {
            if (!TryFind(block, out CounterLayout? layout, out Span<byte> state))
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

    /// <summary>Marks a block whose lease is to be renewed. False if it is not, or if somebody has seen to it.</summary>
    public bool TryBeginRenewal(CheckBlock block, in Instant now)
    {
        Shard shard = ShardOf(block);
        lock (shard.Gate)
        {
            int at = shard.Find(KeyHash.Compute(block.Id), block.Id);
            if (at == Shard.NotFound || (shard.Entry(at).Flags & BlockFlags.Renewing) != 0 || table.Layouts[shard.Entry(at).Layout].Id != block.LeasedLayout.Id
                || !LeaseBlock.IsLow(block.LeasedLayout, shard.State(at), now, Duration.NsFromMs(block.Owner.Leases.DurationMs)))
            {
                return false;
            }
            shard.Entry(at).Flags |= BlockFlags.Renewing;
            return true;
        }
    }

    /// <summary>The lease that goes on, as of now; null if it has been closed meanwhile.</summary>
    public LeaseSnapshot? Live(LeaseTarget target)
    {
        lock (ShardOf(target.Block).Gate)
        {
            return TryFindLive(target, out CounterLayout? layout, out Span<byte> state) ? new LeaseSnapshot(target.LiveId, layout, state.ToArray()) : null;
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

    /// <summary>Puts a granted lease in place of what was settled.</summary>
    public void Grant(LeaseTarget target, in Instant now) => Put(target.Block, now, (layout, state) =>
    {
        // What was settled goes; refusals that were noted without a lease stay, and are settled with this one.
        (target.Closing is { LeaseId: not 0 } ? state : state[..layout.UsageOffset]).Clear();
        Span<long> head = LeaseBlock.Head(layout, state);
        head[LeaseHead.Id] = target.Granted!.Id;
        head[LeaseHead.EndNs] = target.Granted.EndNs;
        head[LeaseHead.GrantedNs] = target.Granted.GrantedAt.WindowNs;
        head[LeaseHead.GrantedMs] = target.Granted.GrantedAt.WallMs;
        SetLevels(target, layout, state);
    });

    /// <summary>
    /// A lease that was renewed goes on. A journal's image of the block may be of before: after a restart nothing is spent of it, and it is
    /// settled by what the journal says was spent and what the book says was granted.
    /// </summary>
    public void Extend(LeaseTarget target)
    {
        Shard shard = ShardOf(target.Block);
        lock (shard.Gate)
        {
            if (TryFindLive(target, out CounterLayout? layout, out Span<byte> state) && layout.Id == target.Block.LeasedLayout.Id)
            {
                LeaseBlock.Head(layout, state)[LeaseHead.EndNs] = target.Granted!.EndNs;
                SetLevels(target, layout, state);
                shard.Entry(shard.Find(KeyHash.Compute(target.Block.Id), target.Block.Id)).Flags &= ~BlockFlags.Renewing;
            }
        }
    }

    /// <summary>A lease that is settled leaves the block, unless the block has another one by now.</summary>
    public void Clear(CheckBlock block, long closedId)
    {
        lock (ShardOf(block).Gate)
        {
            if (closedId != 0 && TryFind(block, out CounterLayout? layout, out Span<byte> state) && LeaseBlock.Head(layout, state)[LeaseHead.Id] == closedId)
            {
                state.Clear();
            }
        }
    }

    /// <summary>Changes a block, or makes it. If there is no room for it in the journal or in memory nothing is done: a lease is then not used, and settled as it is.</summary>
    public void Put(CheckBlock block, in Instant now, Change change)
    {
        CounterLayout layout = block.LeasedLayout;
        Shard shard = ShardOf(block);
        if (!keeper.TryGetNumber(layout, out int number) || table.IsOverfull)
        {
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
                change(layout, state);
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
            change(layout, state);
            shard.Relayout(at, number, state);
            shard.Entry(at).Flags &= ~BlockFlags.Renewing;
            shard.Entry(at).TouchedSeconds = KeyTable.Seconds(now);
        }
    }

    private static void SetLevels(LeaseTarget target, CounterLayout layout, Span<byte> state)
    {
        foreach ((int place, LeaseTarget.GrainLevel level) in target.Levels)
        {
            Span<long> limit = LeaseBlock.Limit(layout, state, place);
            limit[LeaseCounter.Granted] = level.Granted;
            limit[LeaseCounter.Amount] = level.Amount;
            limit[LeaseCounter.Pool] = level.Left;
            limit[LeaseCounter.ResetAtNs] = level.ResetAtNs;
        }
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

    private bool TryFindLive(LeaseTarget target, [NotNullWhen(true)] out CounterLayout? layout, out Span<byte> state) =>
        TryFind(target.Block, out layout, out state) && LeaseBlock.Head(layout, state) is var head && head[LeaseHead.Id] == target.LiveId && head[LeaseHead.EndNs] != 0;

    private bool TryFind(CheckBlock block, [NotNullWhen(true)] out CounterLayout? layout, out Span<byte> state)
    {
        layout = null;
        state = default;
        Shard shard = ShardOf(block);
        int at = shard.Find(KeyHash.Compute(block.Id), block.Id);
        if (at == Shard.NotFound)
        {
            return false;
        }
        layout = table.Layouts[shard.Entry(at).Layout];
        state = shard.State(at);
        return LeaseBlock.IsLeased(layout);
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
}
