using System.Runtime.InteropServices;
using Quota.Grains.Model;

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
        long latestNs = 0;
        for (int i = 0; i < layout.Shapes.Length; i++)
        {
            ReadOnlySpan<byte> counter = layout.Counter(block, i);
            long heldNs;
            if (layout.Shapes[i].Algorithm == LimitAlgorithm.Calendar)
            {
                ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
                heldNs = c[2] == 0 ? 0 : Duration.NsFromMs(c[1] + CalendarGraceMs - now.WallMs);
            }
            else
            {
                heldNs = Counter.Used(layout.Shapes[i], counter, now) == 0 ? 0 : Counter.ResetNs(layout.Shapes[i], counter, now);
            }
            latestNs = Math.Max(latestNs, heldNs);
        }
        return now.WindowNs + Math.Min(latestNs, long.MaxValue - now.WindowNs);
    }
}
