using System.Diagnostics.CodeAnalysis;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>A limit's counter within a transaction.</summary>
internal readonly struct CounterAccess(TransactionBlock block, int index)
{
    public CounterShape Shape => block.Layout.Shapes[index];

    public Span<byte> Counter => block.Layout.Counter(block.State.AsSpan(), index);

    public void MarkWritten() => block.MarkWritten();

    /// <summary>
    /// Finds the counter of a limit by its name and unit: in the block of its attribute values, or in the key's own. False if there is
    /// none any more, or a block has to be made resident first.
    /// </summary>
    public static bool TryFind(GrainTransaction transaction, ReadOnlySpan<byte> keyId, ReadOnlySpan<byte> valueId, string limit, string unit, [NotNullWhen(true)] out CounterAccess? counter)
    {
        counter = null;
        if (!transaction.TryRead(valueId.IsEmpty ? keyId : valueId, out TransactionBlock? block))
        {
            return false;
        }
        int index = Array.FindIndex(block.Layout.Shapes, s => s.Algorithm != LimitAlgorithm.PerValue && string.Equals(s.LimitName, limit, StringComparison.Ordinal) && string.Equals(s.Unit, unit, StringComparison.Ordinal));
        if (index < 0)
        {
            return false;
        }
        counter = new CounterAccess(block, index);
        return true;
    }

    /// <summary>What an answer says of the limit.</summary>
    public LimitLevel Describe(LimitModel limit, int level, ReadOnlySpan<byte> key, in Instant now)
    {
        var result = new LimitResult { Level = (byte)level };
        if (limit.Shape == Shape)
        {
            Quota.Grains.Counters.Counter.Describe(limit, Counter, now, out result.Amount, out result.Remaining, out long resetNs);
            result.ResetAfterMs = Duration.CeilMs(resetNs);
        }
        else
        {
            result.Amount = limit.Capacity;
            result.Remaining = Math.Max(0, limit.Capacity - Quota.Grains.Counters.Counter.Used(Shape, Counter, now));
        }
        return new LimitLevel(limit, level == 0 ? "" : System.Text.Encoding.UTF8.GetString(key), result);
    }
}
