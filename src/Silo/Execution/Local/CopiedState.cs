using System.Numerics;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>Copies of the counters a check touches, to see what counting would make of them.</summary>
internal readonly ref struct CopiedState : IGrainState
{
    private readonly PlanModel _plan;
    private readonly uint _applicable;
    private readonly Span<byte> _copies;

    /// <param name="plan">The plan that is in force.</param>
    /// <param name="applicable">The limits whose counters are copied.</param>
    /// <param name="copies">Room for exactly these counters.</param>
    /// <param name="state">The counters.</param>
    public CopiedState(PlanModel plan, uint applicable, Span<byte> copies, scoped ref ShardState state)
    {
        _plan = plan;
        _applicable = applicable;
        _copies = copies;
        for (uint rest = applicable; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            state.Counter(i).CopyTo(Counter(i));
        }
    }

    public Span<byte> Counter(int limitIndex)
    {
        int offset = 0;
        for (uint before = _applicable & ((1u << limitIndex) - 1); before != 0; before &= before - 1)
        {
            offset += _plan.Limits[BitOperations.TrailingZeroCount(before)].Shape.SizeBytes;
        }
        return _copies.Slice(offset, _plan.Limits[limitIndex].Shape.SizeBytes);
    }
}
