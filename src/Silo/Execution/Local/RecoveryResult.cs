using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>What a replay of the journal brought back.</summary>
/// <param name="Decisions">Records of accepted decisions that were read.</param>
/// <param name="Blocks">Blocks that are resident again.</param>
/// <param name="Older">Parts of records that are older than what the store holds, and were passed over.</param>
/// <param name="Latest">The latest instant of any record; zero if there is none.</param>
internal readonly record struct RecoveryResult(long Decisions, long Blocks, long Older, Instant Latest);
