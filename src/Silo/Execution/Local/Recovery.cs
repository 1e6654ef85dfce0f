using System.Diagnostics.CodeAnalysis;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Grains.Usage;
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
        bool read = record.Length > 0 && record[0] switch
        {
            (byte)JournalRecordKind.Decision => ApplyDecision(record),
            (byte)JournalRecordKind.Images => ApplyImages(record),
            (byte)JournalRecordKind.Counters => ApplyCounters(record),
            _ => false,
        };
        _decisions += read ? 1 : 0;
        return read;
    }

    private bool ApplyDecision(ReadOnlySpan<byte> record)
    {
        if (!DecisionRecord.TryReadHead(record, out int parts, out Instant now))
        {
            return false;
        }
        ReadOnlySpan<byte> rest = record[DecisionRecord.HeadBytes..];
        scoped ReadOnlySpan<byte> id = default;
        for (int i = 0; i < parts; i++)
        {
            if (!DecisionRecord.TryReadPart(ref rest, out DecisionPart part))
            {
                return false;
            }
            id = part.Id.IsEmpty ? id : part.Id;
            if (!TryShard(id, out Shard? shard))
            {
                return false;
            }
            lock (shard.Gate)
            {
                if (part.IsRecord ? !Put(shard, id, part.LayoutId, part.State, now) : !Count(shard, id, part, now))
                {
                    return false;
                }
            }
        }
        Note(now);
        return rest.IsEmpty;
    }

    private bool ApplyImages(ReadOnlySpan<byte> record)
    {
        if (!ImageRecord.TryReadHead(record, out int blocks, out Instant now))
        {
            return false;
        }
        ReadOnlySpan<byte> rest = record[ImageRecord.HeadBytes..];
        for (int i = 0; i < blocks; i++)
        {
            if (!ImageRecord.TryReadBlock(ref rest, out ReadOnlySpan<byte> id, out ulong layoutId, out ReadOnlySpan<byte> state) || !TryShard(id, out Shard? shard))
            {
                return false;
            }
            lock (shard.Gate)
            {
                if (!Put(shard, id, layoutId, state, now))
                {
                    return false;
                }
            }
        }
        Note(now);
        return rest.IsEmpty;
    }

    private bool ApplyCounters(ReadOnlySpan<byte> record)
    {
        if (!CounterRecord.TryReadHead(record, out int blocks, out Instant now, out long cost))
        {
            return false;
        }
        ReadOnlySpan<byte> rest = record[CounterRecord.HeadBytes..];
        for (int i = 0; i < blocks; i++)
        {
            if (!CounterRecord.TryReadBlock(ref rest, out ReadOnlySpan<byte> id, out uint mask, out ulong? layoutId, out ReadOnlySpan<byte> state) || !TryShard(id, out Shard? shard))
            {
                return false;
            }
            lock (shard.Gate)
            {
                var part = new DecisionPart { Mask = mask, Cost = cost, Flags = DecisionRecord.HeldFlag | (layoutId is null ? 0 : DecisionRecord.ImageFlag), LayoutId = layoutId ?? 0, State = state };
                if (!Count(shard, id, part, now))
                {
                    return false;
                }
            }
        }
        Note(now);
        return rest.IsEmpty;
    }

    private bool Count(Shard shard, ReadOnlySpan<byte> id, scoped in DecisionPart part, in Instant now)
    {
        if (part.HasImage && !Put(shard, id, part.LayoutId, part.State, now))
        {
            return false;
        }
        int block = shard.Find(KeyHash.Compute(id), id);
        if (block == Shard.NotFound)
        {
            _older++;
            return true;
        }
        CounterLayout layout = table.Layouts[shard.Entry(block).Layout];
        if (layout.Shapes.Length < 32 && part.Mask >> layout.Shapes.Length != 0)
        {
            return false;
        }
        Grain.CountBlock(layout, shard.State(block), part.Mask, part.Cost, now);
        if (layout.Usage is { } usage && !part.IsHeld)
        {
            if (part.Unit >= usage.Units.Length || UsageSection.IsDue(layout, shard.State(block), now))
            {
                return false;
            }
            UsageSection.Use(layout, shard.State(block), part.Mask, part.Unit, part.Cost, part.IsRolledUp, now);
        }
        shard.MarkDirty(block);
        return true;
    }

    /// <summary>The block has these bytes from now on.</summary>
    private bool Put(Shard shard, ReadOnlySpan<byte> id, ulong layoutId, ReadOnlySpan<byte> state, in Instant now)
    {
        if (!table.Layouts.TryFind(layoutId, out int number) || !table.Layouts[number].Fits(state.Length))
        {
            return false;
        }
        ulong hash = KeyHash.Compute(id);
        int block = shard.Find(hash, id);
        if (block == Shard.NotFound)
        {
            block = shard.Insert(hash, id, number, state, KeyTable.Seconds(now));
            _blocks++;
        }
        else
        {
            shard.Relayout(block, number, state);
        }
        if (id[0] == GrainId.ReservationRecord)
        {
            shard.Census.NoteReservation(id, block, state);
        }
        shard.Entry(block).TouchedSeconds = KeyTable.TouchedSeconds(id, state, now);
        shard.MarkDirty(block);
        return true;
    }

    private bool TryShard(ReadOnlySpan<byte> id, [NotNullWhen(true)] out Shard? shard)
    {
        shard = null;
        if (!GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key) || owner.Length > Bounds.NameBytesMax || key.Length > Bounds.KeyBytesMax)
        {
            return false;
        }
        shard = table.ShardOfKey(owner, key);
        return true;
    }

    private void Note(in Instant now) =>
        _latest = new Instant(Math.Max(_latest.WindowNs, now.WindowNs), Math.Max(_latest.WallMs, now.WallMs));
}
