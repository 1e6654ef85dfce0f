using Quota.Contracts;

namespace Quota.Silo.Store.Dynamo;

/// <summary>
/// A scan in the order of the ids over the buckets of a kind: one cursor per bucket, merged by the smallest sort key. The first pages
/// are loaded in parallel with a bound and small, since all but a part of what each bucket gives is read in vain.
/// </summary>
internal static class DynamoScan
{
    private const int PageItemsMin = 8;

    public static async Task<List<(byte[] Id, StoredGrain Grain)>> RunAsync(DynamoCalls calls, string table, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(prefix.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefix.Length, DynamoItem.PrefixBytesMax);
        var found = new List<(byte[], StoredGrain)>();
        bool isAfterStart = after.Span.SequenceCompareTo(prefix.Span) > 0;
        bool isWithin = after.Span.StartsWith(prefix.Span);
        if (limit <= 0 || (isAfterStart && !isWithin))
        {
            return found;
        }
        // 1. The buckets that can hold such ids.
        (int first, int count) = DynamoItem.BucketsOf(prefix.Span);
        byte[] start = isWithin && after.Length > 0 ? DynamoItem.SortKey(after.Span) : [];
        DynamoBucketCursor[] cursors = new DynamoBucketCursor[count];
        for (int i = 0; i < count; i++)
        {
            cursors[i] = new DynamoBucketCursor(calls, table, [prefix.Span[0], (byte)(first + i)], prefix.ToArray(), start);
        }
        // 2. Their first pages.
        int pageItems = count == 1 ? limit : Math.Max(PageItemsMin, 2 * limit / count);
        await Parallel.ForEachAsync(
            cursors,
            new ParallelOptions { MaxDegreeOfParallelism = Bounds.DynamoParallelism, CancellationToken = cancellation },
            async (cursor, cancel) => await cursor.FillAsync(pageItems, cancel).ConfigureAwait(false)).ConfigureAwait(false);
        // 3. Merged: the bucket with the smallest head gives it, and is filled again when it has none left.
        var heads = new PriorityQueue<DynamoBucketCursor, byte[]>(Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        foreach (DynamoBucketCursor cursor in cursors)
        {
            Enqueue(heads, cursor);
        }
        while (found.Count < limit && heads.TryDequeue(out DynamoBucketCursor? smallest, out _))
        {
            found.Add((DynamoItem.IdOf(smallest.Head!), DynamoItem.Read(smallest.Head!)));
            smallest.Take();
            if (found.Count < limit)
            {
                await smallest.FillAsync(pageItems, cancellation).ConfigureAwait(false);
            }
            Enqueue(heads, smallest);
        }
        return found;
    }

    private static void Enqueue(PriorityQueue<DynamoBucketCursor, byte[]> heads, DynamoBucketCursor cursor)
    {
        if (cursor.Head is not null)
        {
            heads.Enqueue(cursor, cursor.HeadKey);
        }
    }
}
