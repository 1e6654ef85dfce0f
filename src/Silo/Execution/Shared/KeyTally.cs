using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Silo.Execution.Local;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// How many request ids a key has and how many reservations are open, in a shared store: bytes behind the counters of the key's own
/// block, so that they are read with it and saved by the same item of the same commit as the record that comes or ends.
/// <para>
/// Reservations are counted exactly: one is open until a step ends it, and that step counts it down. Request ids end without a step, so
/// they are not counted down but counted by when they end: ids that end within the same 32nd of a window share an entry, which is
/// dropped as a whole at the end of that part. So nothing can drift, whoever deletes the records and when; never is an id that is
/// remembered not counted, and an id is counted for at most a 32nd of its window longer than it is remembered.
/// </para>
/// <para>
/// Little-endian, APPEND-ONLY (golden test: KeyTallyTests; docs/DATA_FILE.md). A key that has neither has no such bytes.
/// <code>
/// u8 version = 1, u8 entries, u16 0, u32 open reservations, i64 end of the first entry ms (window scale; 0: none)
/// per entry, ascending: u32 ms after the first, u32 request ids
/// </code>
/// </para>
/// Used by one thread at a time.
/// </summary>
internal sealed class KeyTally
{
    private const byte Version = 1;
    private const int HeadBytes = 16;
    private const int EntryBytes = 8;
    private const long NsPerMs = 1_000_000;

    private readonly List<(long EndMs, uint Ids)> _entries = [];

    /// <summary>Open reservations.</summary>
    public uint Reservations { get; private set; }

    /// <summary>Bytes behind the counters, of a block of the store: its layout says where they end. Empty if there are none.</summary>
    public static ReadOnlyMemory<byte> Of(LayoutRegistry layouts, ReadOnlySpan<byte> id, in StoredGrain grain) =>
        id[0] == GrainId.KeyBlock && layouts.TryFind(grain.LayoutId, out int number) && !layouts[number].IsRecord && grain.State.Length > layouts[number].SizeBytes
            ? grain.State[layouts[number].SizeBytes..]
            : default;

    /// <summary>A block of the store without the tally behind it.</summary>
    public static StoredGrain Strip(LayoutRegistry layouts, ReadOnlySpan<byte> id, in StoredGrain grain) =>
        grain with { State = grain.State[..^Of(layouts, id, grain).Length] };

    /// <summary>Reads the persisted form.</summary>
    /// <exception cref="StoreException">It is none that this build can read.</exception>
    public static KeyTally Decode(ReadOnlySpan<byte> bytes)
    {
        var tally = new KeyTally();
        if (bytes.IsEmpty)
        {
            return tally;
        }
        if (bytes.Length < HeadBytes || bytes[0] != Version || bytes.Length != HeadBytes + (bytes[1] * EntryBytes))
        {
            throw new StoreException("the store holds a block with a tally of request ids and reservations that this build cannot read");
        }
        tally.Reservations = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        long firstMs = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        for (ReadOnlySpan<byte> rest = bytes[HeadBytes..]; rest.Length > 0; rest = rest[EntryBytes..])
        {
            tally._entries.Add((firstMs + BinaryPrimitives.ReadUInt32LittleEndian(rest), BinaryPrimitives.ReadUInt32LittleEndian(rest[4..])));
        }
        return tally;
    }

    /// <summary>The persisted form, without what has ended; empty if nothing is left.</summary>
    public byte[] Encode(long nowNs)
    {
        Drop(nowNs);
        if (_entries.Count == 0 && Reservations == 0)
        {
            return [];
        }
        byte[] bytes = new byte[HeadBytes + (_entries.Count * EntryBytes)];
        long firstMs = _entries.Count == 0 ? 0 : _entries[0].EndMs;
        bytes[0] = Version;
        bytes[1] = (byte)_entries.Count;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Reservations);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), firstMs);
        for (int i = 0; i < _entries.Count; i++)
        {
            Span<byte> entry = bytes.AsSpan(HeadBytes + (i * EntryBytes));
            BinaryPrimitives.WriteUInt32LittleEndian(entry, checked((uint)(_entries[i].EndMs - firstMs)));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], _entries[i].Ids);
        }
        return bytes;
    }

    /// <summary>Request ids of the key at this instant (window scale, ns).</summary>
    public long Requests(long nowNs)
    {
        long ids = 0;
        foreach ((long endMs, uint count) in _entries)
        {
            ids += endMs * NsPerMs > nowNs ? count : 0;
        }
        return ids;
    }

    /// <summary>From when on (window scale, ns) this says nothing any more.</summary>
    public long ForgetAtNs => Reservations > 0 ? RecordHead.Never : _entries.Count == 0 ? 0 : _entries[^1].EndMs * NsPerMs;

    /// <summary>Counts a request id.</summary>
    /// <param name="forgetAtNs">When it ends (window scale).</param>
    /// <param name="nowNs">The instant of the step that made it.</param>
    public void AddRequest(long forgetAtNs, long nowNs)
    {
        Drop(nowNs);
        long partMs = Math.Max(1, (forgetAtNs - nowNs) / NsPerMs / Bounds.TallyPartsPerWindow);
        long endMs = ((forgetAtNs / NsPerMs / partMs) + 1) * partMs;
        int at = _entries.FindIndex(e => e.EndMs >= endMs);
        if (at >= 0 && _entries[at].EndMs == endMs)
        {
            _entries[at] = (endMs, _entries[at].Ids + 1);
            return;
        }
        _entries.Insert(at < 0 ? _entries.Count : at, (endMs, 1));
        if (_entries.Count > Bounds.TallyEntriesMax)
        {
            // Only after the window was changed several times within one: the earliest ids count a little longer.
            _entries[1] = (_entries[1].EndMs, _entries[0].Ids + _entries[1].Ids);
            _entries.RemoveAt(0);
        }
    }

    /// <summary>Counts a reservation that was made.</summary>
    public void OpenReservation() => Reservations++;

    /// <summary>Counts down one that was counted and has ended.</summary>
    public void EndReservation() => Reservations = Math.Max(Reservations, 1) - 1;

    private void Drop(long nowNs) => _entries.RemoveAll(e => e.EndMs * NsPerMs <= nowNs);
}
