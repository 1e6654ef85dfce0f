using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Grains.Counters;

/// <summary>
/// Carries what was consumed from one layout to another when a plan changes. A counter of equal shape keeps its bytes; a limit
/// that keeps its name and unit but changes its shape keeps the units in use, counted as of now (or as of the latest window counted in, if
/// the clock has stepped back since), so that right after the change no less is used than before; a limit that is gone is
/// dropped, unless another plan of the namespace has it (<see cref="Target"/>); a new one, or one that counts another unit from
/// now on, starts at zero.
/// </summary>
public static class CounterMigration
{
    /// <summary>
    /// The layout a block gets when its key comes under a plan: the plan's counters first, then, by name, those counters of the
    /// block that the plan lacks, that other plans of the namespace have, and that still hold something. So a key that moves
    /// between plans finds on each of them what it had used.
    /// </summary>
    /// <param name="from">Layout of <paramref name="source"/>.</param>
    /// <param name="source">The block as it is.</param>
    /// <param name="plan">Layout of the plan.</param>
    /// <param name="known">The counters of all plans of the namespace.</param>
    /// <param name="now">The instant of the change.</param>
    public static CounterLayout Target(CounterLayout from, ReadOnlySpan<byte> source, CounterLayout plan, IReadOnlySet<CounterShape> known, in Instant now)
    {
        var carried = new List<CounterShape>();
        bool isHeld = false;
        for (int i = 0; i < from.Shapes.Length; i++)
        {
            CounterShape shape = from.Shapes[i];
            if (shape.Algorithm != LimitAlgorithm.PerValue && known.Contains(shape) && !Array.Exists(plan.Shapes, s => IsSameLimit(s, shape)))
            {
                carried.Add(shape);
                isHeld |= CounterExpiry.HeldNs(shape, from.Counter(source, i), now) > 0;
            }
        }
        // All or none, and by name: so the layouts of a namespace are as few as the ways to combine its plans.
        return isHeld
            ? new CounterLayout([.. plan.Shapes, .. carried.OrderBy(s => s.LimitName, StringComparer.Ordinal).ThenBy(s => s.Unit, StringComparer.Ordinal).Take(Bounds.CountersPerBlockMax - plan.Shapes.Length)], plan.Usage)
            : plan;
    }

    /// <summary>Fills <paramref name="target"/> with what the counters of <paramref name="source"/> hold. A usage section is empty by now, and stays so.</summary>
    /// <param name="from">Layout of <paramref name="source"/>.</param>
    /// <param name="source">The block as it was.</param>
    /// <param name="to">Layout of <paramref name="target"/>.</param>
    /// <param name="target">The block to fill; all zeros.</param>
    /// <param name="now">The instant of the change.</param>
    public static void Migrate(CounterLayout from, ReadOnlySpan<byte> source, CounterLayout to, Span<byte> target, in Instant now)
    {
        Invariant.Check(source.Length == from.SizeBytes && target.Length == to.SizeBytes);
        Invariant.Check(UsageSection.IsEmpty(from, source));
        for (int i = 0; i < to.Shapes.Length; i++)
        {
            CounterShape shape = to.Shapes[i];
            int old = Array.FindIndex(from.Shapes, s => IsSameLimit(s, shape));
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
            if (CalendarMigration.TryMigrate(from.Shapes[old], before, shape, after, now) || shape.Algorithm == LimitAlgorithm.Concurrency)
            {
                // What a rate or quota counted is not held by anybody, so nobody would ever give it back.
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

    private static bool IsSameLimit(CounterShape a, CounterShape b) =>
        string.Equals(a.LimitName, b.LimitName, StringComparison.Ordinal) && string.Equals(a.Unit, b.Unit, StringComparison.Ordinal);
}
