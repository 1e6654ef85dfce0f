using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Grains.Counters;

/// <summary>When a block may be forgotten because no later decision could see anything in it.</summary>
public static class CounterExpiry
{
    /// <summary>
    /// How long a calendar counter outlives its period. A wall clock that runs ahead and is set back must find the counter
    /// again, or the period would open anew.
    /// </summary>
    public const long CalendarGraceMs = 40L * 24 * 3600 * 1000;

    /// <summary>
    /// The instant, on the scale of <see cref="Instant.WindowNs"/>, from which the block equals a new one; at most
    /// <paramref name="now"/> if it does already.
    /// </summary>
    public static long ForgetAtNs(CounterLayout layout, ReadOnlySpan<byte> block, in Instant now)
    {
        if (layout.IsRecord)
        {
            return BinaryPrimitives.ReadInt64LittleEndian(block);
        }
        if (!UsageSection.IsEmpty(layout, block))
        {
            // What was used is to be billed: it has to be moved into its month first.
            return long.MaxValue;
        }
        long latestNs = 0;
        for (int i = 0; i < layout.Shapes.Length; i++)
        {
            latestNs = Math.Max(latestNs, HeldNs(layout.Shapes[i], layout.Counter(block, i), now));
        }
        return now.WindowNs + Math.Min(latestNs, long.MaxValue - now.WindowNs);
    }

    /// <summary>Nanoseconds for which one counter still holds something that a later decision could see; at most 0 if it holds nothing.</summary>
    public static long HeldNs(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        if (shape.Algorithm == LimitAlgorithm.Calendar)
        {
            ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
            return c[2] == 0 ? 0 : Duration.NsFromMs(c[1] + CalendarGraceMs - now.WallMs);
        }
        if (shape.Algorithm == LimitAlgorithm.Concurrency)
        {
            // Only the end of its reservations releases it.
            return Counter.Used(shape, counter, now) == 0 ? 0 : long.MaxValue;
        }
        if (shape.Algorithm is LimitAlgorithm.Lease)
        {
            return LeaseCounter.HeldNs(MemoryMarshal.Cast<byte, long>(counter), now.WindowNs);
        }
        if (shape.Algorithm is LimitAlgorithm.LeaseHead)
        {
            return MemoryMarshal.Cast<byte, long>(counter)[LeaseHead.Id] == 0 ? 0 : long.MaxValue;
        }
        if (shape.Algorithm == LimitAlgorithm.CalendarCarry)
        {
            // A new counter would carry nothing over, and would have its offset once more.
            return CalendarCarry.IsNew(MemoryMarshal.Cast<byte, long>(counter)) ? 0 : long.MaxValue;
        }
        return Counter.Used(shape, counter, now) == 0 ? 0 : Counter.ResetNs(shape, counter, now);
    }
}
