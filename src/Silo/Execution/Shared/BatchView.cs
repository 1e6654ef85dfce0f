using System.Diagnostics.CodeAnalysis;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// The blocks of a batch's keys as the steps of the batch see them: those that were brought here beforehand. A block that is asked for
/// and is not here is noted as missing, and the step fails without having changed anything; it is run again once the block is here.
/// Used by one thread at a time, but for <see cref="Bring"/>.
/// </summary>
internal sealed class BatchView : IGrainStore
{
    private readonly Dictionary<byte[], CachedBlock> _blocks = new(BytesComparer.Instance);
    private readonly HashSet<byte[]> _keys = new(BytesComparer.Instance);

    /// <summary>Blocks that a step asked for.</summary>
    public HashSet<byte[]> Missing { get; } = new(BytesComparer.Instance);

    /// <summary>Keys that a step asked for and the batch does not hold.</summary>
    public HashSet<byte[]> ForeignKeys { get; } = new(BytesComparer.Instance);

    /// <summary>Everything that is here.</summary>
    public IReadOnlyDictionary<byte[], CachedBlock> Blocks => _blocks;

    /// <summary>Begins with nothing, for these keys.</summary>
    public void Open(IEnumerable<byte[]> keyIds)
    {
        _blocks.Clear();
        _keys.Clear();
        _keys.UnionWith(keyIds);
        Missing.Clear();
        ForeignKeys.Clear();
    }

    /// <summary>Whether a block is here, or on its way.</summary>
    public bool Has(byte[] id)
    {
        lock (_blocks)
        {
            return _blocks.ContainsKey(id);
        }
    }

    /// <summary>Brings a block; several may be brought at once, but not while a step runs.</summary>
    public void Bring(byte[] id, CachedBlock block)
    {
        lock (_blocks)
        {
            _blocks[id] = block;
        }
    }

    /// <summary>What the store has under an id. False if it has to be brought first; then it is noted as missing.</summary>
    public bool TryFind(byte[] id, [NotNullWhen(true)] out CachedBlock? block)
    {
        if (_blocks.TryGetValue(id, out block))
        {
            return true;
        }
        byte[] key = GrainId.KeyIdOf(id);
        if (_keys.Contains(key))
        {
            Missing.Add(id);
        }
        else
        {
            ForeignKeys.Add(key);
        }
        return false;
    }

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) =>
        TryFind(id.ToArray(), out CachedBlock? block) ? new(block.Grain) : throw new StoreException("the block has to be brought first");

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation) => throw Unused();

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation) => throw Unused();

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) => throw Unused();

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => throw Unused();

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => throw Unused();

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation) => throw Unused();

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => throw Unused();

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation) => throw Unused();

    public ValueTask DisposeAsync() => default;

    private static InvalidOperationException Unused() => new("A step of a batch reads single blocks only.");
}
