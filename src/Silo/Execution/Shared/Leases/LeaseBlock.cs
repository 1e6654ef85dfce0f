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

    /// <summary>The <see cref="LeaseCounter"/> of a limit; empty for one that counts per attribute value.</summary>
    public static Span<long> Limit(CounterLayout layout, Span<byte> state, int index) => MemoryMarshal.Cast<byte, long>(layout.Counter(state, index));
}
