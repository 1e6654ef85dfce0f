using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>The counters of one check, found in a shard whose gate is held.</summary>
/// <param name="shard">Holds all blocks of the key.</param>
/// <param name="plan">The plan that is in force.</param>
/// <param name="keyBlock">The key's own block.</param>
/// <param name="valueBlocks">By limit: its block, for limits that count per attribute value.</param>
/// <param name="pending">Blocks that are looked at in another layout than they have; usually null.</param>
internal readonly ref struct ShardState(Shard shard, PlanModel plan, int keyBlock, ReadOnlySpan<int> valueBlocks, PendingRelayout? pending) : IGrainState
{
    private readonly ReadOnlySpan<int> _valueBlocks = valueBlocks;

    public Span<byte> Counter(int limitIndex) =>
        (plan.PerMask >> limitIndex & 1) != 0
            ? State(_valueBlocks[limitIndex])
            : State(keyBlock).Slice(plan.Offset(limitIndex), plan.Limits[limitIndex].Shape.SizeBytes);

    private Span<byte> State(int block) => pending is null ? shard.State(block) : pending.State(shard, block);
}
