using Quota.Silo.Execution.Local;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>What a silo last knew of a block of the store. Immutable.</summary>
/// <param name="Grain">The block, without a tally behind it; null if the store had none.</param>
/// <param name="Tally">Of a key's own block: what it counts of records (<see cref="KeyTally"/>), as the store had it.</param>
internal sealed record CachedBlock(StoredGrain? Grain, ReadOnlyMemory<byte> Tally = default)
{
    /// <summary>The version a commit expects.</summary>
    public long Version => Grain?.Version ?? 0;

    /// <summary>A block as the store has it; its layout is known.</summary>
    public static CachedBlock Of(LayoutRegistry layouts, ReadOnlySpan<byte> id, StoredGrain? grain) =>
        grain is { } found ? new CachedBlock(KeyTally.Strip(layouts, id, found), KeyTally.Of(layouts, id, found)) : new CachedBlock(Grain: null);
}
