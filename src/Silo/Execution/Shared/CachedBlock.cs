using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>What a silo last knew of a block of the store. Immutable.</summary>
/// <param name="Grain">The block; null if the store had none.</param>
internal sealed record CachedBlock(StoredGrain? Grain)
{
    /// <summary>The version a commit expects.</summary>
    public long Version => Grain?.Version ?? 0;
}
