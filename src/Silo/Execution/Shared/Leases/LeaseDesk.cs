using System.Collections.Concurrent;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;

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
/// Safe for concurrent use: a key is in one batch at a time, and the rest is concurrent.
/// </summary>
/// <param name="blocks">Where the leases are.</param>
/// <param name="holder">Identifies the silo's data directory.</param>
/// <param name="silo">The silo's name.</param>
/// <param name="silos">How many silos share the store now.</param>
/// <param name="demandSlots">Counters of recent demand.</param>
internal sealed class LeaseDesk(LeasedBlocks blocks, long holder, string silo, Func<int> silos, int demandSlots = DemandSketch.SlotsDefault)
{
    private readonly ConcurrentDictionary<byte[], CheckBlock> _held = new(BytesComparer.Instance);
    private readonly ConcurrentDictionary<byte[], (CheckBlock Block, long DueNs)> _noted = new(BytesComparer.Instance);
    private readonly DemandSketch _demand = new(demandSlots);

    public LeasedBlocks Blocks => blocks;

    /// <summary>Blocks on which this silo has a lease or something to settle.</summary>
    public int Held => _held.Count;

    public long Holder => holder;

    public LeaseTerms Terms => new(holder, silo, Math.Max(1, silos()));

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
            oldestNs = Math.Min(oldestNs, blocks.GrantedNs(block) ?? oldestNs);
        }
        return (now.WindowNs - oldestNs) / 1_000_000;
    }

    /// <summary>Permits of the limits of this silo's leases that the store does not know as spent or free: of each block those of the limit with the fewest.</summary>
    public long Unsettled() => All().Sum(blocks.Permits);

    /// <summary>Every block on which there is something to settle.</summary>
    public List<CheckBlock> All() => [.. _held.Values];

    /// <summary>The blocks of one key on which there is something to settle, or on which refusals were noted.</summary>
    public List<CheckBlock> AllOf(byte[] keyId)
    {
        var blocks = new Dictionary<byte[], CheckBlock>(BytesComparer.Instance);
        foreach (CheckBlock block in All().Concat(_noted.Values.Select(n => n.Block)))
        {
            if (block.KeyId.AsSpan().SequenceEqual(keyId))
            {
                blocks.TryAdd(block.Id, block);
            }
        }
        return [.. blocks.Values];
    }

    /// <summary>Blocks whose leases are over, or on which refusals were noted.</summary>
    public List<CheckBlock> Due(in Instant now)
    {
        var due = new List<CheckBlock>();
        foreach ((byte[] _, CheckBlock block) in _held)
        {
            if (blocks.IsOver(block, now))
            {
                due.Add(block);
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

    /// <summary>The store has settled, granted and renewed what the target says.</summary>
    public void Install(LeaseTarget target, in Instant now)
    {
        CheckBlock block = target.Block;
        if (target.Granted is null)
        {
            if (target.LiveId == 0)
            {
                blocks.Clear(block, target.Closing?.LeaseId ?? 0);
                _held.TryRemove(block.Id, out _);
            }
        }
        else if (target.LiveId != 0)
        {
            blocks.Extend(target);
        }
        else
        {
            blocks.Grant(target, now);
            _held[block.Id] = block;
        }
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
            if (_held.ContainsKey(block.Id) && blocks.IsOut(block))
            {
                // There is something to settle on it: nothing may take its place before it is back.
                continue;
            }
            int level = op.LevelOf(i);
            blocks.Put(block, now, (layout, state) =>
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
}
