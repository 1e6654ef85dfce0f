using System.Runtime.InteropServices;
using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>Says what every limit of a key's levels holds, and why it applies to a check or not.</summary>
internal sealed class Explainer(TransactionRunner transactions)
{
    /// <summary>Explains a check that was peeked at.</summary>
    public StepResult<Explanation> Explain(KeyLevels levels, in AttributeSet attributes, IReadOnlySet<string> units, in Instant now)
    {
        var copies = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < attributes.Count; i++)
        {
            copies[Encoding.UTF8.GetString(attributes.Name(i))] = Encoding.UTF8.GetString(attributes.Value(i));
        }
        byte[][] keyIds = [.. levels.Keys.Select(k => UsageMover.KeyId(levels.Owner, k))];
        return transactions.Run(keyIds, now, transaction =>
        {
            using var set = new AttributeBuffer(copies);
            var explained = new List<ExplainedLevel>();
            for (int level = 0; level < levels.Keys.Count; level++)
            {
                if (levels.Plans[level] is { } plan)
                {
                    string key = Encoding.UTF8.GetString(levels.Keys[level]);
                    explained.Add(new ExplainedLevel(key, plan, [.. plan.Limits.Select(limit => Explain(transaction, levels, keyIds[level], level, limit, set, units))]));
                }
            }
            return new Explanation(explained);
        });
    }

    private static ExplainedLimit Explain(GrainTransaction transaction, KeyLevels levels, byte[] keyId, int level, LimitModel limit, AttributeBuffer attributes, IReadOnlySet<string> units)
    {
        Instant now = transaction.Now;
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        ReadOnlySpan<byte> valueId = limit.Per.Count == 0 ? default : room[..GrainId.WriteValue(room, levels.Owner.NameUtf8, levels.Keys[level], limit, attributes.Set)];
        // A counter that is not there, or has another shape until the key is next checked, has counted nothing under this limit.
        scoped ReadOnlySpan<byte> counter = new byte[limit.Shape.SizeBytes];
        if (CounterAccess.TryFind(transaction, keyId, valueId, limit.Name, limit.Unit, out CounterAccess? found) && found.Value.Shape == limit.Shape)
        {
            counter = found.Value.Counter;
        }
        (bool applies, string why) = Why(limit, attributes, units);
        (long startMs, long endMs) = Window(limit.Shape, counter, now);
        return new ExplainedLimit(
            limit,
            applies,
            why,
            Counter.Capacity(limit, counter, now),
            Counter.Used(limit.Shape, counter, now),
            startMs,
            endMs,
            Counter.RolledOver(limit.Shape, counter, now),
            Counter.Offset(limit.Shape, counter, now));
    }

    private static (bool Applies, string Why) Why(LimitModel limit, AttributeBuffer attributes, IReadOnlySet<string> units)
    {
        if (limit.Shape.Algorithm == LimitAlgorithm.Concurrency)
        {
            return (false, "it is held by reservations; a check does not touch it");
        }
        if (!units.Contains(limit.Unit))
        {
            return (false, $"the check names no cost in {limit.Unit}");
        }
        foreach (AttributeMatch condition in limit.Match)
        {
            if (!condition.Matches(attributes.Set))
            {
                string accepted = string.Join(", ", condition.Values);
                return (false, attributes.Set.TryGet(Encoding.UTF8.GetBytes(condition.Name), out ReadOnlySpan<byte> value)
                    ? $"{condition.Name} is {Encoding.UTF8.GetString(value)}, not {accepted}"
                    : $"the check has no {condition.Name}; the limit asks for {accepted}");
            }
        }
        string counts = limit.Per.Count == 0 ? "it counts every check of the key" : $"it counts per {string.Join(", ", limit.Per)}";
        return (true, limit.Match.Count == 0 ? counts : $"{counts} with {string.Join(", ", limit.Match.Select(m => m.Name))} as it asks for");
    }

    private static (long StartMs, long EndMs) Window(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        // Windows run on the monotonic scale; where they stand by the wall clock is as of now.
        long offsetMs = now.WallMs - (now.WindowNs / 1_000_000);
        switch (shape.Algorithm)
        {
            case LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry when now.WallMs >= c[1]:
                CalendarPeriod period = shape.Calendar!.PeriodAt(now.WallMs);
                return (period.StartMs, period.EndMs);
            case LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry:
                return (c[0], c[1]);
            case LimitAlgorithm.FixedWindow:
                long window = Math.Max(c[0], now.WindowNs / shape.PeriodNs);
                return ((window * shape.PeriodNs / 1_000_000) + offsetMs, ((window + 1) * shape.PeriodNs / 1_000_000) + offsetMs);
            case LimitAlgorithm.SlidingWindow or LimitAlgorithm.Weighted:
                return (now.WallMs - (shape.PeriodNs / 1_000_000), now.WallMs);
            default:
                return (0, 0);
        }
    }
}
