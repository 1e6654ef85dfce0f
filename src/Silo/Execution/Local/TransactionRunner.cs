using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Runs transactions: takes the gates of their keys in the order of the shards, runs the body, journals what it wrote, and puts it in
/// place. Blocks that are not resident are made so outside the gates, and the body is run again.
/// <para>Safe for concurrent use: everything a transaction touches is under the gates it holds.</para>
/// </summary>
internal sealed class TransactionRunner(KeyTable table, IJournal journal, DecisionKeeper keeper, BlockFetcher fetcher)
{
    /// <summary>Blocks that one transaction may have to make resident, and again if blocks keep leaving.</summary>
    private const int AttemptsMax = 4_096;

    /// <summary>Makes one step.</summary>
    /// <param name="keyIds">Ids of the keys' own blocks: every block the body touches belongs to one of these keys.</param>
    /// <param name="now">The instant of the step.</param>
    /// <param name="body">Reads and stages; what it returns is the result if everything it asked for was resident.</param>
    /// <returns>The result, the journal position to wait for (0: nothing was written), or why nothing has changed.</returns>
    public StepResult<TResult> Run<TResult>(IReadOnlyList<byte[]> keyIds, in Instant now, Func<GrainTransaction, TResult> body)
    {
        Shard[] gates = [.. keyIds.Select(id => table.ShardOf(KeyHash.Compute(id))).Distinct().OrderBy(s => s.Number)];
        var transaction = new GrainTransaction(table, now);
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            transaction.Restart();
            Enter(gates);
            try
            {
                TResult result = body(transaction);
                if (transaction.Missing is null)
                {
                    return Commit(transaction, out long position) is { } fault ? new(default!, 0, fault) : new(result, position, null);
                }
            }
            finally
            {
                Exit(gates);
            }
            if (Fetch(transaction) is { } obstacle)
            {
                return new(default!, 0, obstacle);
            }
        }
        return new(default!, 0, new StepFault(DecisionStatus.Overloaded, null, "the key's blocks leave memory faster than they can be loaded"));
    }

    /// <summary>Waits until a step is as safe as its namespace asks. False if that will never be.</summary>
    public async ValueTask<bool> WaitKeptAsync(long position, Catalog.SyncMode sync)
    {
        if (position == 0)
        {
            return true;
        }
        return sync == Catalog.SyncMode.Os ? journal.EnsureWritten(position) : await journal.WaitDurableAsync(position).ConfigureAwait(false);
    }

    /// <summary>A position that covers everything that was appended so far.</summary>
    public long Appended => journal.AppendedPosition;

    private StepFault? Commit(GrainTransaction transaction, out long position)
    {
        position = 0;
        List<TransactionBlock> written = [.. transaction.Written];
        if (written.Count == 0)
        {
            return null;
        }
        int size = ImageRecord.HeadBytes + written.Sum(b => ImageRecord.BlockBytes(b.Id.Length, b.State.Length));
        if (size > Bounds.JournalRecordBytesMax)
        {
            return new StepFault(DecisionStatus.InvalidArgument, null, "it would change more counters than one step can keep");
        }
        byte[] record = new byte[size];
        int n = ImageRecord.WriteHead(record, written.Count, transaction.Now);
        foreach (TransactionBlock block in written)
        {
            if (!keeper.TryGetNumber(block.Layout, out _))
            {
                return StepFault.OfJournal(journal.Status, "the disk is too far behind");
            }
            n += ImageRecord.WriteBlock(record.AsSpan(n), block.Id, block.Layout.Id, block.State);
        }
        if (table.IsOverfull)
        {
            table.RequestCheckpoint();
            return new StepFault(DecisionStatus.Overloaded, null, "the key table is full of keys that are not checkpointed yet");
        }
        if (!journal.TryAppend(record, out position))
        {
            return StepFault.OfJournal(journal.Status, "the disk is too far behind");
        }
        foreach (TransactionBlock block in written)
        {
            table.Put(block.Shard, block.Id, block.Layout, block.State, transaction.Now);
        }
        return null;
    }

    private StepFault? Fetch(GrainTransaction transaction)
    {
        (Shard shard, byte[] id, long departures) = transaction.Missing!.Value;
        try
        {
            switch (fetcher.Fetch(shard, id, departures, null, transaction.Now))
            {
                case FetchOutcome.Absent:
                    lock (shard.Gate)
                    {
                        if (shard.Departures == departures)
                        {
                            transaction.NoteAbsent(shard, id);
                        }
                    }
                    return null;
                case FetchOutcome.NoRoom:
                    return StepFault.OfJournal(journal.Status, "the key table is full of keys that are not checkpointed yet");
                default:
                    return null;
            }
        }
        catch (StoreException e)
        {
            return new StepFault(DecisionStatus.Unavailable, null, e.Message);
        }
    }

    private static void Enter(Shard[] gates)
    {
        foreach (Shard shard in gates)
        {
            shard.Gate.Enter();
        }
    }

    private static void Exit(Shard[] gates)
    {
        for (int i = gates.Length - 1; i >= 0; i--)
        {
            gates[i].Gate.Exit();
        }
    }
}
