using System.Numerics;
using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// One part of the key table: all blocks of the keys that hash to it. Every member needs <see cref="Gate"/> held, which is what
/// makes a check on several blocks of a key one step: all of them are in this shard.
/// <para>
/// Open addressing with linear probing. An index word holds the upper half of the hash and the number of an entry, so that a
/// probe touches the entry only if the block is (nearly certainly) the one sought; the full id is compared then.
/// </para>
/// </summary>
internal sealed class Shard
{
    public const int NotFound = -1;

    private readonly BlockHeap _heap = new();
    private readonly LayoutRegistry _layouts;
    private readonly KeyTable? _table;
    private ulong[] _index = new ulong[64];
    private BlockEntry[] _entries = new BlockEntry[32];
    private int _used;
    private int _firstFree = NotFound;
    private int _hand;

    /// <param name="layouts">Numbers the blocks' layouts.</param>
    /// <param name="table">Told how many blocks there are; null for a shard by itself.</param>
    /// <param name="number">The shard's place in the table: the order in which several gates are taken.</param>
    public Shard(LayoutRegistry layouts, KeyTable? table = null, int number = 0)
    {
        Number = number;
        _layouts = layouts;
        _table = table;
    }

    public Lock Gate { get; } = new();

    public int Number { get; }

    /// <summary>How many request ids and reservations each key has here.</summary>
    public RecordCensus Census { get; } = new();

    /// <summary>Resident blocks.</summary>
    public int Count { get; private set; }

    /// <summary>Raised whenever a block leaves: what was loaded from the store before may be older than what has been saved since.</summary>
    public long Departures { get; private set; }

    /// <summary>Blocks that a checkpoint has to save.</summary>
    public List<int> DirtyBlocks { get; set; } = [];

    public ref BlockEntry Entry(int block) => ref _entries[block];

    /// <summary>One more than the highest entry number ever used.</summary>
    public int EntryEnd => _used;

    public Span<byte> State(int block)
    {
        ref BlockEntry entry = ref _entries[block];
        return _heap.Get(entry.Reference, entry.StateLength + entry.IdLength)[..entry.StateLength];
    }

    public ReadOnlySpan<byte> Id(int block)
    {
        ref BlockEntry entry = ref _entries[block];
        return _heap.Get(entry.Reference, entry.StateLength + entry.IdLength)[entry.StateLength..];
    }

    public int Find(ulong hash, ReadOnlySpan<byte> id)
    {
        ulong[] index = _index;
        uint mask = (uint)index.Length - 1;
        for (uint slot = (uint)hash & mask; ; slot = (slot + 1) & mask)
        {
            ulong word = index[slot];
            if (word == 0)
            {
                return NotFound;
            }
            if (word >> 32 == hash >> 32)
            {
                int block = (int)(uint)word - 1;
                if (_entries[block].IdLength == id.Length && Id(block).SequenceEqual(id))
                {
                    return block;
                }
            }
        }
    }

    /// <summary>Adds a block that is not there yet, with this state.</summary>
    public int Insert(ulong hash, ReadOnlySpan<byte> id, int layout, ReadOnlySpan<byte> state, uint touchedSeconds)
    {
        Invariant.Check(_layouts[layout].Fits(state.Length));
        int block = TakeEntry();
        ref BlockEntry entry = ref _entries[block];
        entry = new BlockEntry
        {
            Hash = hash,
            Reference = _heap.Allocate(state.Length + id.Length),
            TouchedSeconds = touchedSeconds,
            Layout = layout,
            IdLength = (ushort)id.Length,
            StateLength = state.Length,
            Flags = id.Length > 0 && id[0] is GrainId.RequestRecord or GrainId.ReservationRecord ? BlockFlags.Pinned : BlockFlags.None,
        };
        Span<byte> bytes = _heap.Get(entry.Reference, state.Length + id.Length);
        state.CopyTo(bytes);
        id.CopyTo(bytes[state.Length..]);
        Count++;
        Census.Add(id);
        _table?.CountResidents(1);
        if (Count * 4L > _index.Length * 3L)
        {
            GrowIndex();
        }
        Link(hash, block);
        return block;
    }

    /// <summary>Replaces a block's bytes by others, perhaps of another layout or length. What the journal holds of it no longer fits.</summary>
    public void Relayout(int block, int layout, ReadOnlySpan<byte> state)
    {
        ref BlockEntry entry = ref _entries[block];
        if (entry.Layout == layout && entry.StateLength == state.Length)
        {
            state.CopyTo(State(block));
            entry.Flags &= ~BlockFlags.Imaged;
            return;
        }
        int oldLength = entry.StateLength + entry.IdLength;
        int newLength = state.Length + entry.IdLength;
        uint target = _heap.Allocate(newLength);
        Span<byte> bytes = _heap.Get(target, newLength);
        state.CopyTo(bytes);
        Id(block).CopyTo(bytes[state.Length..]);
        _heap.Free(entry.Reference, oldLength);
        entry.Reference = target;
        entry.StateLength = state.Length;
        entry.Layout = layout;
        entry.Flags &= ~BlockFlags.Imaged;
    }

    /// <summary>The journal holds the block as it is about to be: it is dirty, and needs no image until the next checkpoint.</summary>
    public void MarkJournaled(int block)
    {
        MarkDirty(block);
        _entries[block].Flags |= BlockFlags.Imaged | BlockFlags.Counted;
    }

    public void MarkDirty(int block)
    {
        ref BlockEntry entry = ref _entries[block];
        if ((entry.Flags & BlockFlags.Dirty) == 0)
        {
            entry.Flags |= BlockFlags.Dirty;
            DirtyBlocks.Add(block);
        }
    }

    /// <summary>
    /// Looks at up to <paramref name="examine"/> entries, going round, and drops those that are safe in the store (or were never
    /// counted on) and were not touched since <paramref name="idleBeforeSeconds"/>, or are pinned and may be forgotten by now.
    /// </summary>
    /// <returns>How many were dropped.</returns>
    public int Evict(int examine, uint idleBeforeSeconds, uint nowSeconds = 0)
    {
        int dropped = 0;
        for (int i = 0; i < examine && _used > 0; i++)
        {
            _hand = _hand + 1 < _used ? _hand + 1 : 0;
            ref BlockEntry entry = ref _entries[_hand];
            if (entry.Reference != 0 && (entry.Flags & (BlockFlags.Dirty | BlockFlags.Saving)) == 0 && entry.TouchedSeconds < ((entry.Flags & BlockFlags.Pinned) != 0 ? nowSeconds : idleBeforeSeconds))
            {
                Remove(_hand);
                dropped++;
            }
        }
        return dropped;
    }

    /// <summary>Drops every block, saved or not.</summary>
    public void Clear()
    {
        for (int block = 0; block < _used; block++)
        {
            if (_entries[block].Reference != 0)
            {
                Remove(block);
            }
        }
        DirtyBlocks.Clear();
    }

    private void Remove(int block)
    {
        ref BlockEntry entry = ref _entries[block];
        Unlink(entry.Hash, block);
        Census.Remove(Id(block), block);
        _heap.Free(entry.Reference, entry.StateLength + entry.IdLength);
        entry = default;
        entry.TouchedSeconds = unchecked((uint)_firstFree);
        _firstFree = block;
        Count--;
        _table?.CountResidents(-1);
        Departures++;
    }

    private int TakeEntry()
    {
        if (_firstFree != NotFound)
        {
            int reused = _firstFree;
            _firstFree = unchecked((int)_entries[reused].TouchedSeconds);
            return reused;
        }
        if (_used == _entries.Length)
        {
            Array.Resize(ref _entries, _used * 2);
        }
        return _used++;
    }

    private void Link(ulong hash, int block)
    {
        uint mask = (uint)_index.Length - 1;
        uint slot = (uint)hash & mask;
        while (_index[slot] != 0)
        {
            slot = (slot + 1) & mask;
        }
        _index[slot] = (hash & 0xFFFF_FFFF_0000_0000) | (uint)(block + 1);
    }

    private void Unlink(ulong hash, int block)
    {
        uint mask = (uint)_index.Length - 1;
        uint hole = (uint)hash & mask;
        while ((uint)_index[hole] != (uint)(block + 1))
        {
            hole = (hole + 1) & mask;
        }
        // Close the gap: move back every later word of the run that may stand at the hole.
        for (uint slot = (hole + 1) & mask; _index[slot] != 0; slot = (slot + 1) & mask)
        {
            uint home = (uint)_entries[(int)(uint)_index[slot] - 1].Hash & mask;
            if (((slot - home) & mask) >= ((slot - hole) & mask))
            {
                _index[hole] = _index[slot];
                hole = slot;
            }
        }
        _index[hole] = 0;
    }

    private void GrowIndex()
    {
        ulong[] old = _index;
        _index = new ulong[BitOperations.RoundUpToPowerOf2((uint)old.Length + 1)];
        foreach (ulong word in old)
        {
            if (word != 0)
            {
                int block = (int)(uint)word - 1;
                Link(_entries[block].Hash, block);
            }
        }
    }
}
