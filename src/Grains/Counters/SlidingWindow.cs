using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Sliding window of N buckets. State: <c>[head, slot 0 … slot N]</c>; <c>head</c> is the number of the latest bucket counted
/// in, and bucket b is kept in slot <c>b mod (N + 1)</c>.
/// <para>
/// Why no window ever exceeds the amount: bucket b covers the instants t with <c>t / width = b</c>, and N buckets are at least
/// as long as the period. A window of one period that ends at t therefore begins in bucket <c>b(t) - N</c> or later, and a
/// decision at t sums exactly the buckets <c>b(t) - N … b(t)</c>, of which the oldest counts fully until it has wholly left.
/// The price is on the safe side: a unit is held for up to one bucket longer than the period. An instant before the head's
/// bucket is taken for one in it.
/// </para>
/// </summary>
internal static class SlidingWindow
{
    public static long Evaluate(CounterShape shape, ReadOnlySpan<long> c, long amount, long cost, long nowNs)
    {
        long bucket = Bucket(shape, c, nowNs);
        long excess = UsedAt(shape, c, bucket) + cost - amount;
        return excess <= 0 ? Counter.HasRoom : LeavesAtNs(shape, c, bucket, excess) - nowNs;
    }

    public static void Count(CounterShape shape, Span<long> c, long cost, long nowNs)
    {
        long bucket = Bucket(shape, c, nowNs);
        int slots = Slots(shape);
        if (bucket - c[0] >= slots)
        {
            c[1..].Clear();
        }
        else
        {
            for (long skipped = c[0] + 1; skipped <= bucket; skipped++)
            {
                c[1 + Slot(skipped, slots)] = 0;
            }
        }
        c[0] = bucket;
        c[1 + Slot(bucket, slots)] += cost;
    }

    /// <summary>From the bucket of the instant, while that is within the window.</summary>
    public static long Uncount(CounterShape shape, Span<long> c, long units, long countedNs, long nowNs)
    {
        long bucket = countedNs / shape.BucketWidthNs;
        int slots = Slots(shape);
        // A bucket after the head holds nothing: its slot is that of one a turn earlier.
        if (bucket > c[0] || bucket <= Bucket(shape, c, nowNs) - slots)
        {
            return 0;
        }
        ref long count = ref c[1 + Slot(bucket, slots)];
        long given = Math.Min(units, count);
        count -= given;
        return given;
    }

    public static long Used(CounterShape shape, ReadOnlySpan<long> c, long nowNs) => UsedAt(shape, c, Bucket(shape, c, nowNs));

    public static long ResetNs(CounterShape shape, ReadOnlySpan<long> c, long nowNs)
    {
        long bucket = Bucket(shape, c, nowNs);
        int slots = Slots(shape);
        for (long newest = c[0]; newest > bucket - slots && newest >= 0; newest--)
        {
            if (c[1 + Slot(newest, slots)] != 0)
            {
                return ((newest + slots) * shape.BucketWidthNs) - nowNs;
            }
        }
        return 0;
    }

    /// <summary>The buckets of a window and the one that is leaving it.</summary>
    private static int Slots(CounterShape shape) => shape.Buckets + 1;

    private static int Slot(long bucket, int slots) => (int)((ulong)bucket % (ulong)slots);

    private static long Bucket(CounterShape shape, ReadOnlySpan<long> c, long nowNs) => Math.Max(c[0], nowNs / shape.BucketWidthNs);

    private static long UsedAt(CounterShape shape, ReadOnlySpan<long> c, long bucket)
    {
        int slots = Slots(shape);
        if (bucket - c[0] >= slots)
        {
            return 0;
        }
        long used = 0;
        foreach (long count in c[1..])
        {
            used += count;
        }
        // The slots of buckets after the head still hold counts from a whole turn earlier.
        for (long stale = c[0] + 1; stale <= bucket; stale++)
        {
            used -= c[1 + Slot(stale, slots)];
        }
        return used;
    }

    /// <summary>
    /// The instant at which the oldest buckets that hold <paramref name="excess"/> units have wholly left. The caller made sure that
    /// the cost fits into an empty window, so the head's bucket is the last that can be asked to leave.
    /// </summary>
    private static long LeavesAtNs(CounterShape shape, ReadOnlySpan<long> c, long bucket, long excess)
    {
        int slots = Slots(shape);
        long leaving = Math.Max(0, bucket - shape.Buckets);
        while (true)
        {
            Invariant.Check(leaving <= c[0]);
            excess -= c[1 + Slot(leaving, slots)];
            if (excess <= 0)
            {
                return (leaving + slots) * shape.BucketWidthNs;
            }
            leaving++;
        }
    }
}
