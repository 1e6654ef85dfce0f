using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>What became of batches that a replica took in.</summary>
/// <param name="Versions">The version of each write, in their order.</param>
/// <param name="Renamed">Definitions that redactions changed, as they were before the batches: under the pseudonym, or naming it as their parent.</param>
/// <param name="Forgotten">The names under which redactions found keys defined.</param>
internal readonly record struct FollowResult(IReadOnlyList<long> Versions, IReadOnlyList<StoredDefinition> Renamed, IReadOnlyList<DefinitionId> Forgotten);
