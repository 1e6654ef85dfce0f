using Quota.Contracts;
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

    /// <summary>The journal's segments are released by the checkpoints that an erasure ends with, or by the next.</summary>
    public IReadOnlyList<string> Remains => ["the silo's journal, until its next checkpoints release it"];

    /// <summary>There is no other silo.</summary>
    public void Release(NamespaceModel owner, byte[] key)
    {
    }

    public async ValueTask<bool> KnowsAsync(NamespaceModel owner, byte[] key, CancellationToken cancellation)
    {
        if (!await checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false))
        {
            throw new StoreException("the store cannot be written");
        }
        return await StoredKey.IsThereAsync(store, owner, key, cancellation).ConfigureAwait(false);
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
                    if (shard.Entry(block).Reference != 0 && StoredKey.IsNamedBy(shard.Id(block), shard.State(block), owner, key, keyId))
                    {
                        naming.Add(shard.Id(block).ToArray());
                    }
                }
            }
        }
        return naming;
    }

    private StepFault? EndReservations(NamespaceModel owner, List<byte[]> naming)
    {
        foreach (byte[] id in naming)
        {
            if (id[0] == GrainId.ReservationRecord && reservations.Expire(owner, StoredKey.HolderOf(id), id, clock.Now(), isDue: true) is { } fault)
            {
                return fault;
            }
        }
        return null;
    }

    private StepFault? CloseBlock(NamespaceModel owner, byte[] keyId) => transactions.Run([keyId], clock.Now(), transaction =>
    {
        StoredKey.CloseBlock(transaction, owner, keyId);
        return true;
    }).Fault;

    /// <summary>The key's own go with everything else that the store has of it.</summary>
    private StepFault? DeleteOthers(NamespaceModel owner, byte[] key, List<byte[]> naming)
    {
        foreach (byte[] id in naming)
        {
            byte[] holder = StoredKey.HolderOf(id);
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
        foreach (MonthLabel month in await StoredKey.MonthsAsync(store, owner, cancellation).ConfigureAwait(false))
        {
            byte[] from = StoredKey.MonthId(owner, key, month);
            byte[] to = StoredKey.MonthId(owner, pseudonym, month);
            StepFault? fault = transactions.Run(keyIds, clock.Now(), transaction =>
            {
                StoredKey.MoveMonth(transaction, from, to);
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
        foreach (byte kind in StoredKey.Kinds)
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
}
