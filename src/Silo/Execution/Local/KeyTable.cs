using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// All resident blocks, in shards. A key's blocks are all in one shard, chosen by the hash of its own block's id, so that
/// decisions on different keys rarely meet and a decision on one key takes one lock.
/// </summary>
internal sealed class KeyTable
{
    /// <summary>More than any machine's threads, so that two decisions seldom want the same shard; a power of two.</summary>
    private const int ShardCount = 256;

    private readonly Shard[] _shards;

    public KeyTable(LayoutRegistry layouts, int residentBlocksMax)
    {
        Layouts = layouts;
        _shards = [.. Enumerable.Range(0, ShardCount).Select(_ => new Shard(layouts))];
        // A shard evicts when it holds its share, and takes no more at a quarter above it.
        ShardSoftMax = Math.Max(1, residentBlocksMax / ShardCount);
        ShardHardMax = ShardSoftMax + Math.Max(64, ShardSoftMax / 4);
    }

    public LayoutRegistry Layouts { get; }

    public IReadOnlyList<Shard> Shards => _shards;

    /// <summary>Blocks of a shard above which it evicts before it adds.</summary>
    public int ShardSoftMax { get; }

    /// <summary>Blocks of a shard above which it adds none.</summary>
    public int ShardHardMax { get; }

    /// <summary>The shard of a key, by the hash of its own block's id. The index inside the shard uses the low bits.</summary>
    public Shard ShardOf(ulong keyHash) => _shards[keyHash >> 56 & (ShardCount - 1)];

    public int Count => _shards.Sum(s => s.Count);

    public long MemoryBytes => _shards.Sum(s => s.MemoryBytes);

    /// <summary>Seconds of the window scale, as kept with each block.</summary>
    public static uint Seconds(in Instant now) => (uint)(now.WindowNs / 1_000_000_000);
}
