using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>What a silo last knew of a block of the store. Immutable.</summary>
/// <param name="Grain">The block, perhaps with refusals noted in it that are not saved yet; null if the store had none.</param>
/// <param name="SavedNs">When it was read or saved, on the window scale.</param>
/// <param name="HasNotes">Refusals were noted since.</param>
internal sealed record CachedBlock(StoredGrain? Grain, long SavedNs, bool HasNotes)
{
    /// <summary>The version a commit expects.</summary>
    public long Version => Grain?.Version ?? 0;
}
