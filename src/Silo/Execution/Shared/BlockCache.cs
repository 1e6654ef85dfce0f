namespace Quota.Silo.Execution.Shared;

/// <summary>
/// Blocks as they were when this silo last read or saved them, so that an uncontended decision costs one commit and no read. What
/// is here may be out of date: a commit that builds on it expects its version and fails then.
/// <para>
/// Two generations: when the young one is full it becomes the old one, and what was not asked for since is forgotten with the one
/// before. Safe for concurrent use: one lock, held for a look-up.
/// </para>
/// </summary>
/// <param name="max">Blocks kept, at least 2.</param>
internal sealed class BlockCache(int max)
{
    private readonly Lock _gate = new();
    private Dictionary<byte[], CachedBlock> _young = new(BytesComparer.Instance);
    private Dictionary<byte[], CachedBlock> _old = new(BytesComparer.Instance);

    public bool TryGet(byte[] id, out CachedBlock? block)
    {
        lock (_gate)
        {
            if (_young.TryGetValue(id, out block))
            {
                return true;
            }
            if (_old.Remove(id, out block))
            {
                Add(id, block);
                return true;
            }
            return false;
        }
    }

    public void Put(byte[] id, CachedBlock block)
    {
        lock (_gate)
        {
            _old.Remove(id);
            Add(id, block);
        }
    }

    public void Drop(byte[] id)
    {
        lock (_gate)
        {
            _young.Remove(id);
            _old.Remove(id);
        }
    }

    /// <summary>Drops every block of a key; looks at all blocks.</summary>
    public void DropKey(byte[] keyId)
    {
        lock (_gate)
        {
            foreach (Dictionary<byte[], CachedBlock> generation in (ReadOnlySpan<Dictionary<byte[], CachedBlock>>)[_young, _old])
            {
                foreach (byte[] id in generation.Keys.Where(id => GrainId.KeyIdOf(id).AsSpan().SequenceEqual(keyId)).ToArray())
                {
                    generation.Remove(id);
                }
            }
        }
    }

    private void Add(byte[] id, CachedBlock block)
    {
        if (_young.Count >= max / 2)
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }
        _young[id] = block;
    }
}
