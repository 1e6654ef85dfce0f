namespace Quota.Silo.Definitions.Log;

/// <summary>What became of batches that a replica took in.</summary>
/// <param name="Versions">The version of each write, in their order.</param>
/// <param name="Forgotten">Keys that were known by their name until one of the batches erased them.</param>
internal readonly record struct FollowResult(IReadOnlyList<long> Versions, IReadOnlyList<DefinitionId> Forgotten);
