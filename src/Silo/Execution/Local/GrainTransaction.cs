using System.Diagnostics.CodeAnalysis;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// One step on any blocks of the keys it was begun for: what it reads are copies, what it writes is staged. It commits as a whole,
/// by one journal record with the blocks as they are afterwards, or not at all. Its body runs under the gates of these keys, may
/// run more than once, and must be deterministic.
/// </summary>
internal sealed class GrainTransaction(KeyTable table, in Instant now)
{
    private readonly List<TransactionBlock> _blocks = [];
    private bool _isAbandoned;
    private readonly HashSet<string> _absent = new(StringComparer.Ordinal);

    /// <summary>The instant of the step.</summary>
    public Instant Now { get; } = now;

    /// <summary>The first block that was asked for and is not resident; the body has to return when there is one.</summary>
    public (Shard Shard, byte[] Id, long Departures)? Missing { get; private set; }

    /// <summary>Staged blocks.</summary>
    public IEnumerable<TransactionBlock> Written => _isAbandoned ? [] : _blocks.Where(b => b.IsWritten);

    /// <summary>Reads a block. False if there is none, or if it has to be made resident first (<see cref="Missing"/>).</summary>
    public bool TryRead(ReadOnlySpan<byte> id, [NotNullWhen(true)] out TransactionBlock? block)
    {
        block = null;
        Shard shard = ShardOf(id);
        foreach (TransactionBlock known in _blocks)
        {
            if (id.SequenceEqual(known.Id))
            {
                block = known;
                return true;
            }
        }
        int at = shard.Find(KeyHash.Compute(id), id);
        if (at != Shard.NotFound)
        {
            ReadOnlySpan<byte> state = shard.State(at);
            if (RecordHead.IsTombstone(state) && table.Layouts[shard.Entry(at).Layout].IsRecord)
            {
                return false;
            }
            block = new TransactionBlock(shard, id.ToArray(), table.Layouts[shard.Entry(at).Layout], state.ToArray());
            _blocks.Add(block);
            return true;
        }
        if (!(table.HoldsRecords && id[0] is (GrainId.RequestRecord or GrainId.ReservationRecord)) && !_absent.Contains(AbsentName(shard, id)))
        {
            Missing ??= (shard, id.ToArray(), shard.Departures);
        }
        return false;
    }

    /// <summary>Stages a block: a new one, or one in place of what is there.</summary>
    public void Write(ReadOnlySpan<byte> id, CounterLayout layout, byte[] state)
    {
        Invariant.Check(layout.Fits(state.Length));
        foreach (TransactionBlock known in _blocks)
        {
            if (id.SequenceEqual(known.Id))
            {
                known.Write(layout, state);
                return;
            }
        }
        var block = new TransactionBlock(ShardOf(id), id.ToArray(), layout, state);
        block.Write(layout, state);
        _blocks.Add(block);
    }

    /// <summary>Stages the deletion of a block.</summary>
    public void Delete(ReadOnlySpan<byte> id) => Write(id, CounterLayout.Record, RecordHead.Tombstone.ToArray());

    /// <summary>Nothing of what was staged is to be kept; the body still answers.</summary>
    public void Abandon() => _isAbandoned = true;

    /// <summary>Notes that the store does not have a block either.</summary>
    public void NoteAbsent(Shard shard, ReadOnlySpan<byte> id) => _absent.Add(AbsentName(shard, id));

    /// <summary>Forgets what an attempt has read and staged.</summary>
    public void Restart()
    {
        _blocks.Clear();
        Missing = null;
        _isAbandoned = false;
    }

    /// <summary>A block that was absent may have come and gone since: then the shard's departures have grown.</summary>
    private static string AbsentName(Shard shard, ReadOnlySpan<byte> id) => $"{shard.Departures}:{Convert.ToHexString(id)}";

    private Shard ShardOf(ReadOnlySpan<byte> id)
    {
        Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        Shard shard = table.ShardOfKey(owner, key);
        Invariant.Check(shard.Gate.IsHeldByCurrentThread);
        return shard;
    }
}
