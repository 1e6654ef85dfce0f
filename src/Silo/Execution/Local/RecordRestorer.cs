using Quota.Grains;
using Quota.Silo.Events;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Brings back at start what has to be in memory from the beginning: unexpired request ids and reservations from the store, before
/// the journal is replayed over them; and, once it is, the queues of open reservations and undelivered events. Used by one thread.
/// </summary>
internal static class RecordRestorer
{
    /// <summary>Makes the store's unexpired request ids and reservations resident.</summary>
    /// <param name="table">Takes them.</param>
    /// <param name="store">Has them.</param>
    /// <param name="latestNs">The latest instant of the window scale that is known: what may be forgotten by then is left out.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task RestoreAsync(KeyTable table, IGrainStore store, long latestNs, CancellationToken cancellation)
    {
        var now = new Instant(latestNs, 0);
        foreach (byte kind in (byte[])[GrainId.RequestRecord, GrainId.ReservationRecord])
        {
            await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync([kind], cancellation).ConfigureAwait(false))
            {
                if (grain.ForgetAtNs <= latestNs)
                {
                    continue;
                }
                if (!GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key) || !table.Layouts.TryFind(grain.LayoutId, out int number) || !table.Layouts[number].Fits(grain.State.Length))
                {
                    throw new StoreException("the store holds a record that this build cannot read");
                }
                Shard shard = table.ShardOfKey(owner, key);
                lock (shard.Gate)
                {
                    int block = shard.Insert(KeyHash.Compute(id), id, number, grain.State.Span, KeyTable.TouchedSeconds(id, grain.State.Span, now));
                    if (kind == GrainId.ReservationRecord)
                    {
                        shard.Census.NoteReservation(id, block, grain.State.Span);
                    }
                }
            }
        }
    }

    /// <summary>Queues every open reservation that is resident.</summary>
    public static void QueueReservations(KeyTable table, ExpiryQueue expiries)
    {
        foreach (Shard shard in table.Shards)
        {
            lock (shard.Gate)
            {
                for (int block = 0; block < shard.EntryEnd; block++)
                {
                    if (shard.Entry(block).Reference == 0 || shard.Id(block)[0] != GrainId.ReservationRecord || RecordHead.IsTombstone(shard.State(block)))
                    {
                        continue;
                    }
                    if (ReservationState.IsOpen(shard.State(block)))
                    {
                        expiries.Add(shard.Id(block), ReservationState.ExpiresNs(shard.State(block)));
                    }
                }
            }
        }
    }

    /// <summary>Queues every undelivered event, of the store and of memory, which is newer.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task QueueEventsAsync(KeyTable table, IGrainStore store, EventSchedule schedule, long nowNs, CancellationToken cancellation)
    {
        var pending = new Dictionary<string, (byte[] Id, long NextNs)>(StringComparer.Ordinal);
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync([GrainId.EventRecord], cancellation).ConfigureAwait(false))
        {
            Note(pending, id, grain.State.Span);
        }
        foreach (Shard shard in table.Shards)
        {
            lock (shard.Gate)
            {
                for (int block = 0; block < shard.EntryEnd; block++)
                {
                    if (shard.Entry(block).Reference != 0 && shard.Id(block)[0] == GrainId.EventRecord)
                    {
                        Note(pending, shard.Id(block), shard.State(block));
                    }
                }
            }
        }
        foreach ((byte[] id, long nextNs) in pending.Values)
        {
            Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out _));
            schedule.Restore(System.Text.Encoding.UTF8.GetString(owner), id, nextNs, nowNs);
        }
    }

    private static void Note(Dictionary<string, (byte[] Id, long NextNs)> pending, ReadOnlySpan<byte> id, ReadOnlySpan<byte> state)
    {
        string name = Convert.ToHexString(id);
        if (ThresholdEventRecord.TryReadDelivery(state, out EventDelivery delivery) && delivery.State == EventState.Pending)
        {
            pending[name] = (id.ToArray(), delivery.NextAttemptNs);
        }
        else
        {
            pending.Remove(name);
        }
    }
}
