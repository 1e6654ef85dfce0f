using Quota.Contracts;
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

    /// <summary>Makes the block resident, or finds that somebody else has. False if there is no room for it.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public bool Fetch(Shard shard, ReadOnlySpan<byte> keyId, ulong keyHash, in GrainCommand command, MissingBlock missing)
    {
        Span<byte> buffer = stackalloc byte[Bounds.GrainIdBytesMax];
        scoped ReadOnlySpan<byte> id = keyId;
        ulong hash = keyHash;
        CounterLayout layout = command.Plan.Layout;
        if (missing.Limit != MissingBlock.KeyBlock)
        {
            LimitModel limit = command.Plan.Limits[missing.Limit];
            id = buffer[..GrainId.WriteValue(buffer, command.Namespace.NameUtf8, command.Key, limit, command.Attributes)];
            hash = KeyHash.Compute(id);
            layout = command.Plan.PerLayout(missing.Limit);
        }
        StoredGrain? stored = Load(id);
        int number;
        ReadOnlySpan<byte> state;
        if (stored is StoredGrain found)
        {
            if (!table.Layouts.TryFind(found.LayoutId, out number) || table.Layouts[number].SizeBytes != found.State.Length)
            {
                throw new StoreException("the store holds a block whose counter layout it does not hold");
            }
            state = found.State.Span;
        }
        else if (keeper.TryGetNumber(layout, out number))
        {
            state = new byte[layout.SizeBytes];
        }
        else
        {
            return false;
        }
        lock (shard.Gate)
        {
            if (shard.Departures != missing.Departures || shard.Find(hash, id) != Shard.NotFound)
            {
                return true;
            }
            if (!MakeRoom(shard, command.Now))
            {
                return false;
            }
            shard.Insert(hash, id, number, state, KeyTable.Seconds(command.Now));
            return true;
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

    private bool MakeRoom(Shard shard, in Instant now)
    {
        if (!table.IsFull)
        {
            return true;
        }
        if (shard.Evict(EvictExamine, KeyTable.SecondsBefore(now, RecentSeconds)) == 0 && shard.Evict(EvictExamine, KeyTable.Seconds(now)) == 0)
        {
            // Nothing here is both idle and safe in the store: a checkpoint makes it so.
            table.RequestCheckpoint();
        }
        return !table.IsOverfull;
    }
}
