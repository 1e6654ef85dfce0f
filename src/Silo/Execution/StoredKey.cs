using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Store;

namespace Quota.Silo.Execution;

/// <summary>What a store has of one key, for its erasure.</summary>
internal static class StoredKey
{
    /// <summary>Blocks of a key that are neither its own nor its months, and go with it.</summary>
    public static readonly byte[] Kinds = [GrainId.ValueBlock, GrainId.RequestRecord, GrainId.ReservationRecord, GrainId.EventRecord];

    /// <summary>Whether there is any block of the key.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async ValueTask<bool> IsThereAsync(IGrainStore store, NamespaceModel owner, byte[] key, CancellationToken cancellation)
    {
        if (await store.LoadAsync(UsageMover.KeyId(owner, key), cancellation).ConfigureAwait(false) is not null)
        {
            return true;
        }
        foreach (byte kind in Kinds)
        {
            if ((await store.ScanAsync(GrainId.PrefixOf(kind, owner.NameUtf8, key), ReadOnlyMemory<byte>.Empty, 1, cancellation).ConfigureAwait(false)).Count > 0)
            {
                return true;
            }
        }
        foreach (MonthLabel month in await MonthsAsync(store, owner, cancellation).ConfigureAwait(false))
        {
            if (await store.LoadAsync(MonthId(owner, key, month), cancellation).ConfigureAwait(false) is not null)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The months the store has of any key of the namespace: one look for each, however many keys there are.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async ValueTask<List<MonthLabel>> MonthsAsync(IGrainStore store, NamespaceModel owner, CancellationToken cancellation)
    {
        var months = new List<MonthLabel>();
        byte[] prefix = GrainId.MonthsPrefix(owner.NameUtf8);
        byte[] after = [];
        while ((await store.ScanAsync(prefix, after, 1, cancellation).ConfigureAwait(false)) is [(byte[] id, _)])
        {
            Invariant.Check(GrainId.TryReadMonth(id, out MonthLabel month));
            months.Add(month);
            // Behind every key of the month: no key is as long.
            after = [.. GrainId.MonthPrefix(owner.NameUtf8, month), .. Enumerable.Repeat(byte.MaxValue, Bounds.KeyBytesMax + 1)];
        }
        return months;
    }

    /// <summary>Moves a month of the key to the pseudonym, as part of a transaction over both.</summary>
    public static void MoveMonth(GrainTransaction transaction, byte[] from, byte[] to)
    {
        // One that is under the pseudonym already was moved before; what the name has now was counted later, by a new key.
        if (transaction.TryRead(from, out TransactionBlock? block) && !transaction.TryRead(to, out _) && transaction.Missing is null)
        {
            transaction.Write(to, Grains.Model.CounterLayout.Record, block.State);
            transaction.Delete(from);
        }
    }

    /// <summary>Moves the usage section into its month and deletes the key's block, as one step.</summary>
    public static void CloseBlock(GrainTransaction transaction, NamespaceModel owner, byte[] keyId)
    {
        if (UsageMover.Move(transaction, owner, keyId) && transaction.TryRead(keyId, out _))
        {
            transaction.Delete(keyId);
        }
    }

    /// <summary>Whether a request id or a reservation names the key: as its own, or as one above its own.</summary>
    /// <param name="id">A block's id.</param>
    /// <param name="state">The block.</param>
    /// <param name="owner">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="keyId">Id of the key's own block.</param>
    public static bool IsNamedBy(ReadOnlySpan<byte> id, ReadOnlySpan<byte> state, NamespaceModel owner, byte[] key, byte[] keyId)
    {
        if (id[0] is not (GrainId.RequestRecord or GrainId.ReservationRecord) || RecordHead.IsTombstone(state))
        {
            return false;
        }
        Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> space, out ReadOnlySpan<byte> holder));
        if (!space.SequenceEqual(owner.NameUtf8))
        {
            return false;
        }
        return id[0] == GrainId.ReservationRecord
            ? holder.SequenceEqual(key) || (state.IndexOf(keyId) >= 0 && ReservationState.Decode(state).KeyIds.Exists(i => i.AsSpan().SequenceEqual(keyId)))
            : RememberedAnswer.Names(state, key);
    }

    /// <summary>The key that a block belongs to.</summary>
    public static byte[] HolderOf(ReadOnlySpan<byte> id)
    {
        Invariant.Check(GrainId.TryReadKey(id, out _, out ReadOnlySpan<byte> holder));
        return holder.ToArray();
    }

    public static byte[] MonthId(NamespaceModel owner, byte[] key, MonthLabel month)
    {
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        return id[..GrainId.WriteMonth(id, owner.NameUtf8, month, key)].ToArray();
    }
}
