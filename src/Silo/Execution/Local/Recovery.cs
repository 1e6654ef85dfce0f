using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Brings the key table back to where the journal ends. Reads nothing but the journal and the store's layouts: the first record
/// of a block since it was last handed to a checkpoint carries its bytes, so a record whose block is not resident yet and that
/// carries none is older than what the store holds. Used by one thread, before the table is shared.
/// </summary>
internal sealed class Recovery(KeyTable table)
{
    private long _decisions;
    private long _blocks;
    private long _older;
    private Instant _latest;

    public RecoveryResult Result => new(_decisions, _blocks, _older, _latest);

    /// <summary>Records whose checksum holds and whose bytes are none of ours.</summary>
    public long Unreadable { get; private set; }

    /// <summary>Applies one record of the journal, or counts it as unreadable.</summary>
    public void Visit(ReadOnlySpan<byte> record, long lsn)
    {
        if (!Apply(record))
        {
            Unreadable++;
        }
    }

    /// <summary>Takes in the layouts of everything the store holds.</summary>
    /// <exception cref="StoreException">The store cannot be read, or holds a layout this build does not know.</exception>
    public static async Task RestoreLayoutsAsync(KeyTable table, IGrainStore store, CancellationToken cancellation)
    {
        foreach (byte[] encoded in await store.LoadLayoutsAsync(cancellation).ConfigureAwait(false))
        {
            if (!CounterLayout.TryDecode(encoded, out CounterLayout? layout))
            {
                throw new StoreException("the store holds a counter layout that this build cannot read");
            }
            table.Layouts.Restore(layout!);
        }
    }

    /// <summary>Applies one record. False if its bytes are not a record this build knows.</summary>
    public bool Apply(ReadOnlySpan<byte> record)
    {
        if (record.Length > 0 && record[0] == (byte)JournalRecordKind.Layout)
        {
            if (!CounterLayout.TryDecode(record[1..], out CounterLayout? layout))
            {
                return false;
            }
            table.Layouts.Restore(layout!);
            return true;
        }
        if (!DecisionRecord.TryReadHead(record, out int blocks, out Instant now, out long cost))
        {
            return false;
        }
        ReadOnlySpan<byte> rest = record[DecisionRecord.HeadBytes..];
        for (int i = 0; i < blocks; i++)
        {
            if (!DecisionRecord.TryReadBlock(ref rest, out ReadOnlySpan<byte> id, out uint mask, out ulong? layoutId, out ReadOnlySpan<byte> state)
                || !ApplyBlock(id, mask, layoutId, state, now, cost))
            {
                return false;
            }
        }
        _decisions++;
        _latest = new Instant(Math.Max(_latest.WindowNs, now.WindowNs), Math.Max(_latest.WallMs, now.WallMs));
        return rest.IsEmpty;
    }

    private bool ApplyBlock(ReadOnlySpan<byte> id, uint mask, ulong? layoutId, ReadOnlySpan<byte> state, in Instant now, long cost)
    {
        if (!GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key))
        {
            return false;
        }
        if (owner.Length > Bounds.NameBytesMax || key.Length > Bounds.KeyBytesMax)
        {
            return false;
        }
        Span<byte> keyId = stackalloc byte[Bounds.GrainIdBytesMax];
        Shard shard = table.ShardOf(KeyHash.Compute(keyId[..GrainId.WriteKey(keyId, owner, key)]));
        ulong hash = KeyHash.Compute(id);
        lock (shard.Gate)
        {
            int block = shard.Find(hash, id);
            if (layoutId is ulong wanted)
            {
                if (!table.Layouts.TryFind(wanted, out int number) || table.Layouts[number].SizeBytes != state.Length)
                {
                    return false;
                }
                if (block == Shard.NotFound)
                {
                    block = shard.Insert(hash, id, number, state, KeyTable.Seconds(now));
                    _blocks++;
                }
                else
                {
                    shard.Relayout(block, number, state);
                }
            }
            else if (block == Shard.NotFound)
            {
                _older++;
                return true;
            }
            CounterLayout layout = table.Layouts[shard.Entry(block).Layout];
            if (layout.Shapes.Length < 32 && mask >> layout.Shapes.Length != 0)
            {
                return false;
            }
            Grain.CountBlock(layout, shard.State(block), mask, cost, now);
            shard.MarkDirty(block);
            return true;
        }
    }
}
