using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>
/// The order in which all silos of a cluster change definitions: records in the store they share, numbered from 1 without a gap.
/// <para>
/// Safety: a record is created by a save that expects none to be there, so of two writers for one number one wins, and whoever lost
/// reads what the other wrote before it tries again: every batch was judged against everything before it. A batch that needs several
/// records counts only if its last one, marked as the end, follows its others without a foreign one between; a writer that dies
/// half-way, or is overtaken, leaves records that every reader skips, and whoever passes them empties them, because they may name keys
/// that are erased later. Nothing else changes a record but a redaction (<see cref="Redaction"/>), which saves all records of
/// the batch at once, each with the next generation: a reader that sees two generations in one batch has read both states, and reads
/// again.
/// </para>
/// <para>
/// A record (block kind 8, id u8 8 and the number as u64 big-endian; APPEND-ONLY, golden test: ChangeLogGoldenTests): i64
/// "never to be forgotten", u8 1, u8 flags (1: begins a batch, 2: ends one; times 4: the generation, modulo 64), a part of the batch
/// (<see cref="ChangeBatchCodec"/>).
/// </para>
/// </summary>
internal sealed class ChangeLog(IGrainStore store)
{
    private const byte Format = 1;
    private const byte Begins = 1;
    private const byte Ends = 2;
    private const byte GenerationUnit = 4;
    private const int HeadBytes = RecordHead.Bytes + 2;

    /// <summary>What the store keeps of erasures beside the log.</summary>
    public ErasureNotes Notes { get; } = new(store);

    /// <summary>Appends a batch behind a record, if that is still the last one.</summary>
    /// <param name="tail">The last record there is; 0 if there is none.</param>
    /// <param name="batch">What to append.</param>
    /// <param name="beside">What is saved in the commit that makes the batch whole.</param>
    /// <returns>Its place, or null: others have appended meanwhile.</returns>
    /// <exception cref="StoreException">The store has failed: the batch may have been appended or not.</exception>
    public async ValueTask<LoggedBatch?> TryAppendAsync(long tail, ChangeBatch batch, params GrainSave[] beside)
    {
        byte[][] records = Split(ChangeBatchCodec.Encode(batch), 0, 0);
        int left = records.Length;
        foreach (GrainSave[] group in records.Select((r, i) => Save(tail + 1 + i, 0, r)).Chunk(Bounds.ChangeRecordsPerCommit))
        {
            left -= group.Length;
            // Begun is finished: a change that was given up half-way would be in doubt for no reason.
            if (!await store.CommitAsync(left > 0 ? group : [.. group, .. beside], CancellationToken.None).ConfigureAwait(false))
            {
                return null;
            }
        }
        return new LoggedBatch(tail + 1, tail + records.Length, batch);
    }

    /// <summary>The whole batches behind a record, at most about a thousand records of them, and the last record that was seen.</summary>
    /// <param name="after">The last record of the last batch that is known; 0 for none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read, holds what this build cannot read, or was changed meanwhile.</exception>
    public async ValueTask<LogPage> ReadAsync(long after, CancellationToken cancellation)
    {
        var batches = new List<LoggedBatch>();
        var dead = new List<long>();
        var parts = new List<ReadOnlyMemory<byte>>();
        long tail = after;
        while (tail - after < Bounds.ChangeRecordsPerRead || batches.Count == 0 || parts.Count > 0)
        {
            // One look when there is nothing new, and many at once when there is much.
            int ahead = tail == after ? 1 : Bounds.ChangeReadAhead;
            StoredGrain?[] found = await LoadAsync(tail + 1, ahead, cancellation).ConfigureAwait(false);
            foreach (StoredGrain? record in found)
            {
                if (record is null)
                {
                    return new LogPage(batches, tail, true, dead);
                }
                ReadOnlyMemory<byte> state = record.Value.State;
                byte flags = Flags(++tail, state);
                if ((flags & Begins) != 0)
                {
                    // What began before and did not end was overtaken.
                    dead.AddRange(Enumerable.Range(0, parts.Count).Select(i => tail - parts.Count + i));
                    parts.Clear();
                }
                else if (parts.Count == 0)
                {
                    if (state.Length > HeadBytes)
                    {
                        dead.Add(tail);
                    }
                    continue;
                }
                parts.Add(state);
                if ((flags & Ends) != 0)
                {
                    batches.Add(Whole(tail - parts.Count + 1, parts));
                    parts.Clear();
                }
            }
        }
        return new LogPage(batches, tail, false, dead);
    }

    /// <summary>The batch that begins with a record.</summary>
    /// <exception cref="StoreException">The store has failed, or there is no such batch.</exception>
    public async ValueTask<LoggedBatch> ReadOneAsync(long first, CancellationToken cancellation)
    {
        List<StoredGrain> records = await RecordsAsync(first, cancellation).ConfigureAwait(false);
        return Whole(first, [.. records.Select(r => r.State)]);
    }

    /// <summary>Empties records of batches that were overtaken. May be repeated.</summary>
    /// <exception cref="StoreException">The store has failed; not all of them may be empty.</exception>
    public async ValueTask EmptyAsync(IEnumerable<long> records, CancellationToken cancellation)
    {
        foreach (long record in records)
        {
            StoredGrain? found = (await LoadAsync(record, 1, cancellation).ConfigureAwait(false))[0];
            if (found is { } dead && dead.State.Length > HeadBytes)
            {
                // If another silo was faster, it is empty.
                await store.CommitAsync([Save(record, dead.Version, Record(0, []))], cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Has the log forget a name: rewrites every batch that the redaction changes. May be repeated, and done by several silos at once.</summary>
    /// <exception cref="StoreException">The store has failed; a repeat completes it.</exception>
    public async ValueTask RewriteAsync(Redaction redaction, CancellationToken cancellation)
    {
        foreach (long first in redaction.Records)
        {
            int attempts = 0;
            while (!await TryRewriteAsync(first, redaction, cancellation).ConfigureAwait(false))
            {
                if (++attempts == Bounds.ChangeAttemptsMax)
                {
                    throw new StoreException("other silos rewrite the change log all the time");
                }
            }
        }
    }

    /// <summary>Rewrites one batch, in as many records; false if another silo did so meanwhile, for this or another erasure.</summary>
    private async ValueTask<bool> TryRewriteAsync(long first, Redaction redaction, CancellationToken cancellation)
    {
        List<StoredGrain> records = await RecordsAsync(first, cancellation).ConfigureAwait(false);
        LoggedBatch before = Whole(first, [.. records.Select(r => r.State)]);
        int generation = (Flags(first, records[0].State) / GenerationUnit) + 1;
        byte[] content = ChangeBatchCodec.Encode(redaction.Apply(before).Batch);
        if (content.AsSpan().SequenceEqual(ChangeBatchCodec.Encode(before.Batch)))
        {
            return true;
        }
        GrainSave[] saves = [.. Split(content, records.Count, generation).Select((s, i) => Save(first + i, records[i].Version, s))];
        Invariant.Check(saves.Length <= IGrainStore.CommitMax);
        return await store.CommitAsync(saves, cancellation).ConfigureAwait(false);
    }

    /// <summary>The id of a record.</summary>
    internal static byte[] RecordId(long sequence)
    {
        byte[] id = new byte[1 + sizeof(long)];
        id[0] = GrainId.ChangeRecord;
        BinaryPrimitives.WriteInt64BigEndian(id.AsSpan(1), sequence);
        return id;
    }

    /// <summary>The records of a whole batch.</summary>
    private async ValueTask<List<StoredGrain>> RecordsAsync(long first, CancellationToken cancellation)
    {
        var records = new List<StoredGrain>();
        do
        {
            StoredGrain? record = (await LoadAsync(first + records.Count, 1, cancellation).ConfigureAwait(false))[0];
            records.Add(record ?? throw new StoreException($"the change log has no record {first + records.Count}"));
        }
        while ((Flags(first + records.Count - 1, records[^1].State) & Ends) == 0);
        return records;
    }

    private async ValueTask<StoredGrain?[]> LoadAsync(long first, int count, CancellationToken cancellation)
    {
        var loads = new Task<StoredGrain?>[count];
        for (int i = 0; i < count; i++)
        {
            loads[i] = store.LoadAsync(RecordId(first + i), cancellation).AsTask();
        }
        return await Task.WhenAll(loads).ConfigureAwait(false);
    }

    private static byte Flags(long sequence, ReadOnlyMemory<byte> state)
    {
        if (state.Length < HeadBytes || state.Span[RecordHead.Bytes] != Format)
        {
            throw new StoreException($"record {sequence} of the change log has a format that this build cannot read");
        }
        return state.Span[RecordHead.Bytes + 1];
    }

    /// <param name="content">The encoded batch.</param>
    /// <param name="count">Number of records; 0: as many as it needs.</param>
    /// <param name="generation">How often it was rewritten.</param>
    private static byte[][] Split(ReadOnlySpan<byte> content, int count, int generation)
    {
        count = count > 0 ? count : Math.Max(1, (content.Length + Bounds.ChangeRecordBytesMax - 1) / Bounds.ChangeRecordBytesMax);
        byte[][] records = new byte[count][];
        int size = (content.Length + count - 1) / count;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> part = content[Math.Min(i * size, content.Length)..Math.Min((i + 1) * size, content.Length)];
            int flags = (i == 0 ? Begins : 0) | (i == count - 1 ? Ends : 0);
            records[i] = Record((byte)(flags + (generation * GenerationUnit)), part);
        }
        return records;
    }

    private static byte[] Record(byte flags, ReadOnlySpan<byte> part)
    {
        byte[] state = new byte[HeadBytes + part.Length];
        RecordHead.Write(state, RecordHead.Never);
        state[RecordHead.Bytes] = Format;
        state[RecordHead.Bytes + 1] = flags;
        part.CopyTo(state.AsSpan(HeadBytes));
        return state;
    }

    private static LoggedBatch Whole(long first, List<ReadOnlyMemory<byte>> records)
    {
        int generation = Flags(first, records[0]) / GenerationUnit;
        byte[] whole = new byte[records.Sum(r => r.Length - HeadBytes)];
        int at = 0;
        for (int i = 0; i < records.Count; i++)
        {
            if (Flags(first + i, records[i]) / GenerationUnit != generation)
            {
                throw new StoreException("another silo has rewritten a batch of the change log while it was read");
            }
            records[i][HeadBytes..].CopyTo(whole.AsMemory(at));
            at += records[i].Length - HeadBytes;
        }
        return new LoggedBatch(first, first + records.Count - 1, ChangeBatchCodec.Decode(whole));
    }

    private static GrainSave Save(long sequence, long expected, byte[] state) =>
        new(RecordId(sequence), expected, new StoredGrain(0, expected + 1, RecordHead.Never, state));
}
