using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// Carries what was consumed from one layout to another when a plan changes. A counter of equal shape keeps its bytes; a limit
/// that keeps its name but changes its shape keeps the units in use, counted as of now (or as of the latest window counted in, if
/// the clock has stepped back since), so that right after the change no less is used than before; a limit that is gone is
/// dropped; a new one starts at zero.
/// </summary>
public static class CounterMigration
{
    /// <param name="from">Layout of <paramref name="source"/>.</param>
    /// <param name="source">The block as it was.</param>
    /// <param name="to">Layout of <paramref name="target"/>.</param>
    /// <param name="target">The block to fill; all zeros.</param>
    /// <param name="now">The instant of the change.</param>
    public static void Migrate(CounterLayout from, ReadOnlySpan<byte> source, CounterLayout to, Span<byte> target, in Instant now)
    {
        Invariant.Check(source.Length == from.SizeBytes && target.Length == to.SizeBytes);
        for (int i = 0; i < to.Shapes.Length; i++)
        {
            CounterShape shape = to.Shapes[i];
            int old = Array.FindIndex(from.Shapes, s => string.Equals(s.LimitName, shape.LimitName, StringComparison.Ordinal));
            if (old < 0)
            {
                continue;
            }
            ReadOnlySpan<byte> before = from.Counter(source, old);
            Span<byte> after = to.Counter(target, i);
            if (shape == from.Shapes[old])
            {
                before.CopyTo(after);
                continue;
            }
            // No limit admits more than AmountMax, so a full counter is full enough.
            long used = Math.Min(Counter.Used(from.Shapes[old], before, now), Bounds.AmountMax);
            if (used > 0)
            {
                Counter.Count(shape, after, used, Counter.Latest(from.Shapes[old], before, now));
            }
        }
    }
}
