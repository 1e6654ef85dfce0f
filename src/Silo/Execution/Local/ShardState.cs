using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>The counters of one check, found in a shard whose gate is held. Not to be used any more once a block of the shard has come, gone or moved.</summary>
/// <param name="shard">Holds all blocks of the key.</param>
/// <param name="plan">The plan that is in force.</param>
/// <param name="keyBlock">The key's own block.</param>
/// <param name="valueBlocks">By limit: its block, for limits that count per attribute value.</param>
/// <param name="pending">Blocks that are looked at in another layout than they have; usually null.</param>
internal readonly ref struct ShardState(Shard shard, PlanModel plan, int keyBlock, ReadOnlySpan<int> valueBlocks, PendingRelayout? pending) : IGrainState
{
    private readonly ReadOnlySpan<int> _valueBlocks = valueBlocks;

    private readonly Span<byte> _key = keyBlock == Shard.NotFound ? default : pending is null ? shard.State(keyBlock) : pending.State(shard, keyBlock);

    /// <summary>The key's own block, looked up once for all limits; empty if the check does not touch it.</summary>
    public Span<byte> Key => _key;

    public Span<byte> Counter(int limitIndex) =>
        (plan.PerMask >> limitIndex & 1) != 0
            ? State(_valueBlocks[limitIndex])
            : _key.Slice(plan.Offset(limitIndex), plan.Limits[limitIndex].Shape.SizeBytes);

    private Span<byte> State(int block) => pending is null ? shard.State(block) : pending.State(shard, block);
}
