using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>The counters of one check, found in a shard whose gate is held.</summary>
/// <param name="shard">Holds all blocks of the key.</param>
/// <param name="plan">The plan that is in force.</param>
/// <param name="keyBlock">The key's own block.</param>
/// <param name="valueBlocks">By limit: its block, for limits that count per attribute value.</param>
internal readonly ref struct ShardState(Shard shard, PlanModel plan, int keyBlock, ReadOnlySpan<int> valueBlocks) : IGrainState
{
    private readonly ReadOnlySpan<int> _valueBlocks = valueBlocks;

    public Span<byte> Counter(int limitIndex) =>
        (plan.PerMask >> limitIndex & 1) != 0
            ? shard.State(_valueBlocks[limitIndex])
            : shard.State(keyBlock).Slice(plan.Offset(limitIndex), plan.Limits[limitIndex].Shape.SizeBytes);
}
