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
/// half-way, or is overtaken, leaves records that every reader skips.
/// </para>
/// <para>
/// A record (block kind 8, id u8 8 and the number as u64 big-endian; APPEND-ONLY, golden test: ChangeLogGoldenTests): i64
/// "never to be forgotten", u8 1, u8 flags (1: begins a batch, 2: ends one), a part of the batch (<see cref="ChangeBatchCodec"/>).
/// </para>
/// </summary>
internal sealed class ChangeLog(IGrainStore store)
{
    private const byte Format = 1;
    private const byte Begins = 1;
    private const byte Ends = 2;
    private const int HeadBytes = RecordHead.Bytes + 2;

    /// <summary>Appends a batch behind a record, if that is still the last one.</summary>
    /// <param name="tail">The last record there is; 0 if there is none.</param>
    /// <param name="batch">What to append.</param>
    /// <returns>Its place, or null: others have appended meanwhile.</returns>
    /// <exception cref="StoreException">The store has failed: the batch may have been appended or not.</exception>
    public async ValueTask<LoggedBatch?> TryAppendAsync(long tail, ChangeBatch batch)
    {
        byte[][] records = Split(ChangeBatchCodec.Encode(batch), 0);
        foreach (GrainSave[] group in records.Select((r, i) => Save(tail + 1 + i, 0, r)).Chunk(Bounds.ChangeRecordsPerCommit))
        {
            // Begun is finished: a change that was given up half-way would be in doubt for no reason.
            if (!await store.CommitAsync(group, CancellationToken.None).ConfigureAwait(false))
            {
                return null;
            }
        }
        return new LoggedBatch(tail + 1, tail + records.Length, batch);
    }

    /// <summary>The whole batches behind a record, at most about a thousand records of them, and the last record that was seen.</summary>
    /// <param name="after">The last record of the last batch that is known; 0 for none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What there is, in order; the end is reached if <c>IsEnd</c>. Behind the tail the next batch is appended.</returns>
    /// <exception cref="StoreException">The store cannot be read, or holds what this build cannot read.</exception>
    public async ValueTask<(IReadOnlyList<LoggedBatch> Batches, long Tail, bool IsEnd)> ReadAsync(long after, CancellationToken cancellation)
    {
        var batches = new List<LoggedBatch>();
        var parts = new List<ReadOnlyMemory<byte>>();
        long first = 0;
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
                    return (batches, tail, true);
                }
                ReadOnlyMemory<byte> state = record.Value.State;
                byte flags = Flags(++tail, state);
                if ((flags & Begins) != 0)
                {
                    parts.Clear();
                    first = tail;
                }
                else if (parts.Count == 0)
                {
                    // The rest of a batch that was overtaken.
                    continue;
                }
                parts.Add(state[HeadBytes..]);
                if ((flags & Ends) != 0)
                {
                    batches.Add(new LoggedBatch(first, tail, ChangeBatchCodec.Decode(Join(parts))));
                    parts.Clear();
                }
            }
        }
        return (batches, tail, false);
    }

    /// <summary>The batch that begins with a record.</summary>
    /// <exception cref="StoreException">The store has failed, or there is no such batch.</exception>
    public async ValueTask<LoggedBatch> ReadOneAsync(long first, CancellationToken cancellation)
    {
        List<StoredGrain> records = await RecordsAsync(first, cancellation).ConfigureAwait(false);
        return new LoggedBatch(first, first + records.Count - 1, ChangeBatchCodec.Decode(Join([.. records.Select(r => r.State[HeadBytes..])])));
    }

    /// <summary>Puts another content in the place of a batch, in as many records.</summary>
    /// <param name="first">The batch's first record.</param>
    /// <param name="rewrite">Makes the new content of the old.</param>
    /// <param name="cancellation">Gives up before anything has changed.</param>
    /// <returns>Whether it was done; another silo may rewrite the same batch at the same time, then it is to be tried again.</returns>
    /// <exception cref="StoreException">The store has failed, or there is no such batch.</exception>
    public async ValueTask<bool> TryRewriteAsync(long first, Func<ChangeBatch, ChangeBatch> rewrite, CancellationToken cancellation)
    {
        List<StoredGrain> records = await RecordsAsync(first, cancellation).ConfigureAwait(false);
        ChangeBatch before = ChangeBatchCodec.Decode(Join([.. records.Select(r => r.State[HeadBytes..])]));
        byte[][] states = Split(ChangeBatchCodec.Encode(rewrite(before)), records.Count);
        GrainSave[] saves = [.. states.Select((s, i) => Save(first + i, records[i].Version, s))];
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
    private static byte[][] Split(ReadOnlySpan<byte> content, int count)
    {
        count = count > 0 ? count : Math.Max(1, (content.Length + Bounds.ChangeRecordBytesMax - 1) / Bounds.ChangeRecordBytesMax);
        byte[][] records = new byte[count][];
        int size = (content.Length + count - 1) / count;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> part = content[Math.Min(i * size, content.Length)..Math.Min((i + 1) * size, content.Length)];
            byte[] state = new byte[HeadBytes + part.Length];
            RecordHead.Write(state, RecordHead.Never);
            state[RecordHead.Bytes] = Format;
            state[RecordHead.Bytes + 1] = (byte)((i == 0 ? Begins : 0) | (i == count - 1 ? Ends : 0));
            part.CopyTo(state.AsSpan(HeadBytes));
            records[i] = state;
        }
        return records;
    }

    private static ReadOnlyMemory<byte> Join(List<ReadOnlyMemory<byte>> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }
        byte[] whole = new byte[parts.Sum(p => p.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            part.CopyTo(whole.AsMemory(at));
            at += part.Length;
        }
        return whole;
    }

    private static GrainSave Save(long sequence, long expected, byte[] state) =>
        new(RecordId(sequence), expected, new StoredGrain(0, expected + 1, RecordHead.Never, state));
}
