using System.Runtime.InteropServices;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>The parts of a leased block as a silo holds it in its own table.</summary>
internal static class LeaseBlock
{
    /// <summary>Whether blocks of this layout are leased ones.</summary>
    public static bool IsLeased(CounterLayout layout) => layout.Shapes.Length > 0 && layout.Shapes[^1].Algorithm == LimitAlgorithm.LeaseHead;

    /// <summary>The <see cref="LeaseHead"/>.</summary>
    public static Span<long> Head(CounterLayout layout, Span<byte> state)
    {
        Invariant.Check(IsLeased(layout));
        return MemoryMarshal.Cast<byte, long>(layout.Counter(state, layout.Shapes.Length - 1));
    }

    /// <summary>
    /// Whether a lease will soon not do any more: a quarter of a limit's permits or less is left, or a quarter of its duration. Not
    /// if it ends earlier than after its duration, which is because what it was counted in ends then.
    /// </summary>
    public static bool IsLow(CounterLayout layout, Span<byte> state, in Instant now, long durationNs)
    {
        Span<long> head = Head(layout, state);
        long leftNs = head[LeaseHead.EndNs] - now.WindowNs;
        if (leftNs <= 0)
        {
            return false;
        }
        if (leftNs <= durationNs / 4 && head[LeaseHead.EndNs] - head[LeaseHead.GrantedNs] >= durationNs)
        {
            return true;
        }
        for (int i = 0; i < layout.Shapes.Length; i++)
        {
            if (layout.Shapes[i].Algorithm == LimitAlgorithm.Lease)
            {
                Span<long> limit = Limit(layout, state, i);
                if (limit[LeaseCounter.Granted] > 0 && limit[LeaseCounter.Granted] - limit[LeaseCounter.Spent] <= limit[LeaseCounter.Granted] / 4)
                {
                    return true;
                }
            }
        }
        return false;
    }

    /// <summary>The <see cref="LeaseCounter"/> of a limit; empty for one that counts per attribute value.</summary>
    public static Span<long> Limit(CounterLayout layout, Span<byte> state, int index) => MemoryMarshal.Cast<byte, long>(layout.Counter(state, index));
}
