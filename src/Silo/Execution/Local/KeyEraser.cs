using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Definitions;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Takes a key's name out of the blocks: 1. ends reservations as they were told to; 2. moves the usage section into its month and
/// deletes the key's block, as one step; 3. forgets what other keys remember of it; 4. saves everything, so that the store has all
/// blocks of the key; 5. moves each month to the pseudonym, one step per month; 6. deletes the rest; 7. saves again, which deletes
/// the rows.
/// <para>
/// Safety: every step is one transaction under the key's gate, and leaves every total as it was. A crash between two leaves a state
/// from which all of them can be run again: a month is under the one name or under the other, and what is deleted stays so.
/// No state of its own; two erasures of one key do the same work.
/// </para>
/// </summary>
internal sealed class KeyEraser(IClock clock, KeyTable table, IGrainStore store, TransactionRunner transactions, Checkpointer checkpointer, ReservationOperations reservations) : IKeyEraser
{
    private const string NotWritten = "the store cannot be written; repeat the call to complete it";

    /// <summary>Of a record's bound, what the deletions of one step may take: the rest is room for its head.</summary>
    private const int StepBytesMax = Bounds.JournalRecordBytesMax / 2;

    private static readonly byte[] Kinds = [GrainId.ValueBlock, GrainId.RequestRecord, GrainId.ReservationRecord, GrainId.EventRecord];

    public async ValueTask<bool> KnowsAsync(NamespaceModel owner, byte[] key, CancellationToken cancellation)
    {
        if (!await checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false))
        {
            throw new StoreException("the store cannot be written");
        }
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
        foreach (MonthLabel month in await MonthsAsync(owner, cancellation).ConfigureAwait(false))
        {
            if (await store.LoadAsync(MonthId(owner, key, month), cancellation).ConfigureAwait(false) is not null)
            {
                return true;
            }
        }
        return false;
    }

    public async ValueTask<string?> EraseAsync(NamespaceModel owner, byte[] key, byte[] pseudonym, CancellationToken cancellation)
    {
        try
        {
            byte[] keyId = UsageMover.KeyId(owner, key);
            List<byte[]> naming = RecordsNaming(owner, key, keyId);
            StepFault? fault = EndReservations(owner, naming) ?? CloseBlock(owner, keyId) ?? DeleteOthers(owner, key, naming);
            if (fault is null)
            {
                if (!await checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false))
                {
                    return NotWritten;
                }
                fault = await MoveMonthsAsync(owner, key, pseudonym, cancellation).ConfigureAwait(false)
                    ?? await DeleteRecordsAsync(owner, key, keyId, cancellation).ConfigureAwait(false);
            }
            if (fault is { } cause)
            {
                return cause.Message;
            }
            return await checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false) ? null : NotWritten;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    /// <summary>Reservations of the key, and request ids and reservations of others that name it: all of them are resident.</summary>
    private List<byte[]> RecordsNaming(NamespaceModel owner, byte[] key, byte[] keyId)
    {
        var naming = new List<byte[]>();
        foreach (Shard shard in table.Shards)
        {
            lock (shard.Gate)
            {
                for (int block = 0; block < shard.EntryEnd; block++)
                {
                    if (shard.Entry(block).Reference != 0 && Names(shard.Id(block), shard.State(block), owner, key, keyId))
                    {
                        naming.Add(shard.Id(block).ToArray());
                    }
                }
            }
        }
        return naming;
    }

    private static bool Names(ReadOnlySpan<byte> id, ReadOnlySpan<byte> state, NamespaceModel owner, byte[] key, byte[] keyId)
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

    private StepFault? EndReservations(NamespaceModel owner, List<byte[]> naming)
    {
        foreach (byte[] id in naming)
        {
            if (id[0] == GrainId.ReservationRecord && reservations.Expire(owner, HolderOf(id), id, clock.Now(), isDue: true) is { } fault)
            {
                return fault;
            }
        }
        return null;
    }

    private StepFault? CloseBlock(NamespaceModel owner, byte[] keyId) => transactions.Run([keyId], clock.Now(), transaction =>
    {
        if (UsageMover.Move(transaction, owner, keyId) && transaction.TryRead(keyId, out _))
        {
            transaction.Delete(keyId);
        }
        return true;
    }).Fault;

    /// <summary>The key's own go with everything else that the store has of it.</summary>
    private StepFault? DeleteOthers(NamespaceModel owner, byte[] key, List<byte[]> naming)
    {
        foreach (byte[] id in naming)
        {
            byte[] holder = HolderOf(id);
            if (!holder.AsSpan().SequenceEqual(key) && Delete(UsageMover.KeyId(owner, holder), [id]) is { } fault)
            {
                return fault;
            }
        }
        return null;
    }

    private async ValueTask<StepFault?> MoveMonthsAsync(NamespaceModel owner, byte[] key, byte[] pseudonym, CancellationToken cancellation)
    {
        byte[][] keyIds = [UsageMover.KeyId(owner, key), UsageMover.KeyId(owner, pseudonym)];
        foreach (MonthLabel month in await MonthsAsync(owner, cancellation).ConfigureAwait(false))
        {
            byte[] from = MonthId(owner, key, month);
            byte[] to = MonthId(owner, pseudonym, month);
            StepFault? fault = transactions.Run(keyIds, clock.Now(), transaction =>
            {
                // One that is under the pseudonym already was moved before; what the name has now was counted later, by a new key.
                if (transaction.TryRead(from, out TransactionBlock? block) && !transaction.TryRead(to, out _) && transaction.Missing is null)
                {
                    transaction.Write(to, CounterLayout.Record, block.State);
                    transaction.Delete(from);
                }
                return true;
            }).Fault;
            if (fault is not null)
            {
                return fault;
            }
        }
        return null;
    }

    private async ValueTask<StepFault?> DeleteRecordsAsync(NamespaceModel owner, byte[] key, byte[] keyId, CancellationToken cancellation)
    {
        foreach (byte kind in Kinds)
        {
            byte[] prefix = GrainId.PrefixOf(kind, owner.NameUtf8, key);
            byte[] after = [];
            IReadOnlyList<(byte[] Id, StoredGrain Grain)> page;
            do
            {
                page = await store.ScanAsync(prefix, after, IGrainStore.SaveBatchMax, cancellation).ConfigureAwait(false);
                var step = new List<byte[]>();
                int bytes = 0;
                foreach ((byte[] id, _) in page)
                {
                    int size = ImageRecord.BlockBytes(id.Length, RecordHead.Bytes);
                    if (bytes + size > StepBytesMax)
                    {
                        if (Delete(keyId, step) is { } full)
                        {
                            return full;
                        }
                        (step, bytes) = ([], 0);
                    }
                    step.Add(id);
                    bytes += size;
                    after = id;
                }
                if (Delete(keyId, step) is { } fault)
                {
                    return fault;
                }
            }
            while (page.Count > 0);
        }
        return null;
    }

    private StepFault? Delete(byte[] keyId, List<byte[]> ids) => transactions.Run([keyId], clock.Now(), transaction =>
    {
        foreach (byte[] id in ids)
        {
            transaction.Delete(id);
        }
        return true;
    }).Fault;

    /// <summary>The months the store has of any key of the namespace: one look for each, however many keys there are.</summary>
    private async ValueTask<List<MonthLabel>> MonthsAsync(NamespaceModel owner, CancellationToken cancellation)
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

    private static byte[] HolderOf(byte[] id)
    {
        Invariant.Check(GrainId.TryReadKey(id, out _, out ReadOnlySpan<byte> holder));
        return holder.ToArray();
    }

    private static byte[] MonthId(NamespaceModel owner, byte[] key, MonthLabel month)
    {
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        return id[..GrainId.WriteMonth(id, owner.NameUtf8, month, key)].ToArray();
    }
}
