using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Makes missing blocks resident: from the store, or new. The store is read outside the shard's gate; if any block has left the
/// shard meanwhile, what was read may be older than what has been saved since, and it is dropped (the caller tries again).
/// </summary>
/// <param name="table">Takes the blocks.</param>
/// <param name="keeper">Numbers layouts.</param>
/// <param name="store">Where blocks are that are not resident; null if there are none.</param>
internal sealed class BlockFetcher(KeyTable table, DecisionKeeper keeper, IGrainStore? store)
{
    /// <summary>Entries looked at when a full table adds one: a microsecond's work, and more than one finds.</summary>
    private const int EvictExamine = 32;

    /// <summary>A full table drops blocks that were not touched for this long before it drops others.</summary>
    private const uint RecentSeconds = 60;

    /// <summary>Makes the block resident, or finds that somebody else has.</summary>
    /// <param name="shard">The shard of the block's key.</param>
    /// <param name="id">The block's id.</param>
    /// <param name="departures">The shard's departures when the block was found missing.</param>
    /// <param name="fresh">Layout of a block that the store does not have either; null if there is to be none then.</param>
    /// <param name="now">The instant of the touch.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public FetchOutcome Fetch(Shard shard, ReadOnlySpan<byte> id, long departures, CounterLayout? fresh, in Instant now)
    {
        ulong hash = KeyHash.Compute(id);
        int number;
        ReadOnlySpan<byte> state;
        if (Load(id) is StoredGrain found)
        {
            if (!table.Layouts.TryFind(found.LayoutId, out number) || !table.Layouts[number].Fits(found.State.Length))
            {
                throw new StoreException("the store holds a block whose counter layout it does not hold");
            }
            state = found.State.Span;
        }
        else if (fresh is null)
        {
            lock (shard.Gate)
            {
                return shard.Departures == departures ? FetchOutcome.Absent : FetchOutcome.Resident;
            }
        }
        else if (keeper.TryGetNumber(fresh, out number))
        {
            state = new byte[fresh.SizeBytes];
        }
        else
        {
            return FetchOutcome.NoRoom;
        }
        lock (shard.Gate)
        {
            if (shard.Departures != departures || shard.Find(hash, id) != Shard.NotFound)
            {
                return FetchOutcome.Resident;
            }
            if (!MakeRoom(shard, now))
            {
                return FetchOutcome.NoRoom;
            }
            shard.Insert(hash, id, number, state, KeyTable.Seconds(now));
            return FetchOutcome.Resident;
        }
    }

    private StoredGrain? Load(ReadOnlySpan<byte> id)
    {
        if (store is null)
        {
            return null;
        }
        ValueTask<StoredGrain?> load = store.LoadAsync(id.ToArray(), CancellationToken.None);
        // The embedded store answers on the caller's thread; nothing waits for another one here.
        Invariant.Check(load.IsCompleted);
        return load.GetAwaiter().GetResult();
    }

    /// <summary>Drops idle blocks of a full table. False if nothing more fits.</summary>
    public bool MakeRoom(Shard shard, in Instant now)
    {
        if (!table.IsFull)
        {
            return true;
        }
        if (shard.Evict(EvictExamine, KeyTable.SecondsBefore(now, RecentSeconds), KeyTable.Seconds(now)) == 0 && shard.Evict(EvictExamine, KeyTable.Seconds(now), KeyTable.Seconds(now)) == 0)
        {
            // Nothing here is both idle and safe in the store: a checkpoint makes it so.
            table.RequestCheckpoint();
        }
        return !table.IsOverfull;
    }
}
