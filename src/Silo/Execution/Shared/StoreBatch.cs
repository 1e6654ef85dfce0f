using Quota.Contracts;

namespace Quota.Silo.Execution.Shared;

/// <summary>Steps that are worked on together and kept by one commit. Filled under the scheduler's lock, then owned by whoever runs it.</summary>
/// <param name="blocksMax">Blocks that one commit holds.</param>
internal sealed class StoreBatch(int blocksMax)
{
    private readonly HashSet<byte[]> _ids = new(BytesComparer.Instance);
    private int _others;

    /// <summary>In the order in which they were asked for.</summary>
    public List<StoreOp> Ops { get; } = [];

    /// <summary>Ids of the own blocks of its keys.</summary>
    public HashSet<byte[]> KeyIds { get; } = new(BytesComparer.Instance);

    /// <summary>Adds a step, if one commit will probably hold the blocks of all.</summary>
    public bool TryAdd(StoreOp op)
    {
        // A batch of one step is worked on whatever its size; if it is too large, the commit says so.
        if (Ops.Count > 0 && (Ops.Count >= Bounds.StoreBatchOpsMax
            || _ids.Count + _others + op.OtherBlocks + op.Predicted.Count(id => !_ids.Contains(id)) > blocksMax))
        {
            return false;
        }
        Ops.Add(op);
        _ids.UnionWith(op.Predicted);
        _others += op.OtherBlocks;
        KeyIds.UnionWith(op.KeyIds);
        return true;
    }
}
