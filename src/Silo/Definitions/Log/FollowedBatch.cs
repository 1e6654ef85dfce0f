namespace Quota.Silo.Definitions.Log;

/// <summary>A batch that a replica is to take in.</summary>
/// <param name="Logged">The batch.</param>
/// <param name="Rewritten">Of an erasure whose name the log has forgotten: earlier batches, as they are now. Otherwise empty.</param>
internal readonly record struct FollowedBatch(LoggedBatch Logged, IReadOnlyList<LoggedBatch> Rewritten);
