using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// All resident blocks, in shards. A key's blocks are all in one shard, chosen by the hash of its own block's id, so that
/// decisions on different keys rarely meet and a decision on one key takes one lock.
/// <para>Safe for concurrent use: blocks are touched under their shard's gate only; the number of residents is one atomic.</para>
/// </summary>
internal sealed class KeyTable
{
    /// <summary>More than any machine's threads, so that two decisions seldom want the same shard; a power of two.</summary>
    private const int ShardCountDefault = 256;

    /// <summary>Room above the bound for blocks that cannot be evicted before the next checkpoint has saved them.</summary>
    private const int HeadroomMin = 16 * 1024;

    private readonly Shard[] _shards;
    private readonly int _residentMax;
    private readonly int _headroom;
    private int _residents;
    private long _departures;

    /// <param name="layouts">Numbers the blocks' layouts.</param>
    /// <param name="residentMax">Blocks held in memory before idle ones have to leave.</param>
    /// <param name="shardCount">A power of two, at most 256.</param>
    public KeyTable(LayoutRegistry layouts, int residentMax, int shardCount = ShardCountDefault)
    {
        Invariant.Check(BitOperations.IsPow2(shardCount) && shardCount <= ShardCountDefault);
        Layouts = layouts;
        _residentMax = residentMax;
        _headroom = Math.Max(HeadroomMin, residentMax / 4);
        _shards = [.. Enumerable.Range(0, shardCount).Select(i => new Shard(layouts, this, i))];
    }

    public LayoutRegistry Layouts { get; }

    public IReadOnlyList<Shard> Shards => _shards;

    /// <summary>
    /// Unexpired request ids and reservations are always resident, so that one that is not found is new; otherwise they are looked
    /// for like any other block.
    /// </summary>
    public bool HoldsRecords { get; init; } = true;

    /// <summary>Counts request ids and reservations that are not all resident; null: those that are resident are all there are.</summary>
    public IRecordTally? Tally { get; init; }

    /// <summary>Resident blocks.</summary>
    public int Count => Volatile.Read(ref _residents);

    /// <summary>An idle block has to leave before another one comes.</summary>
    public bool IsFull => Count >= _residentMax;

    /// <summary>No block can come.</summary>
    public bool IsOverfull => Count >= _residentMax + _headroom;

    /// <summary>Called when blocks cannot leave because they are not in the store yet.</summary>
    public Action? CheckpointRequested { get; set; }

    /// <summary>The shard of a key, by the hash of its own block's id. The index inside the shard uses the low bits.</summary>
    public Shard ShardOf(ulong keyHash) => _shards[keyHash >> 56 & (uint)(_shards.Length - 1)];

    /// <summary>The shard of a key, and of everything that belongs to it.</summary>
    public Shard ShardOfKey(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        Span<byte> id = stackalloc byte[2 + Bounds.NameBytesMax + Bounds.KeyBytesMax];
        return ShardOf(KeyHash.Compute(id[..GrainId.WriteKey(id, owner, key)]));
    }

    /// <summary>Seconds of the window scale, as kept with each block.</summary>
    public static uint Seconds(in Instant now) => (uint)(now.WindowNs / 1_000_000_000);

    /// <summary>The same for an instant that lies this many seconds before <paramref name="now"/>.</summary>
    public static uint SecondsBefore(in Instant now, uint seconds) => Seconds(now) - Math.Min(seconds, Seconds(now));

    /// <summary>
    /// Makes a block resident, or replaces it; the journal holds it as it is now, and the shard's gate is held. Request ids and
    /// reservations stay until they may be forgotten.
    /// </summary>
    public void Put(Shard shard, ReadOnlySpan<byte> id, CounterLayout layout, ReadOnlySpan<byte> state, in Instant now)
    {
        Invariant.Check(Layouts.TryFind(layout.Id, out int number));
        ulong hash = KeyHash.Compute(id);
        int block = shard.Find(hash, id);
        if (Tally is not null && (id[0] is GrainId.RequestRecord or GrainId.ReservationRecord || (id[0] == GrainId.KeyBlock && layout.IsRecord)))
        {
            Tally.Note(id, block == Shard.NotFound ? default : shard.State(block), state, now);
        }
        if (block == Shard.NotFound)
        {
            block = shard.Insert(hash, id, number, state, Seconds(now));
        }
        else
        {
            shard.Relayout(block, number, state);
        }
        if (id[0] == GrainId.ReservationRecord)
        {
            shard.Census.NoteReservation(id, block, state);
        }
        shard.Entry(block).TouchedSeconds = TouchedSeconds(id, state, now);
        shard.MarkJournaled(block);
    }

    /// <summary>
    /// Request ids and open reservations of a key, whose shard's gate is held. False if its own block has to be made available first.
    /// </summary>
    public bool TryCountRecords(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, in Instant now, out long requests, out long reservations)
    {
        if (Tally is not null)
        {
            return Tally.TryCount(owner, key, now, out requests, out reservations);
        }
        RecordCensus census = ShardOfKey(owner, key).Census;
        requests = census.Requests(owner, key);
        reservations = census.Reservations(owner, key).Count;
        return true;
    }

    /// <summary>The last touch that makes an idle block leave in time: of a request id or reservation, when it may be forgotten.</summary>
    public static uint TouchedSeconds(ReadOnlySpan<byte> id, ReadOnlySpan<byte> state, in Instant now) =>
        id[0] is GrainId.RequestRecord or GrainId.ReservationRecord
            ? (uint)Math.Min(RecordHead.ForgetAtNs(state) / 1_000_000_000, uint.MaxValue)
            : Seconds(now);

    public void RequestCheckpoint() => CheckpointRequested?.Invoke();

    /// <summary>Raised whenever a block leaves memory.</summary>
    public long Departures => Interlocked.Read(ref _departures);

    /// <summary>Called by a shard whenever a block comes (1) or leaves (-1).</summary>
    internal void CountResidents(int change)
    {
        Interlocked.Add(ref _residents, change);
        if (change < 0)
        {
            Interlocked.Increment(ref _departures);
        }
    }
}
