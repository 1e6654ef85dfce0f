namespace Quota.Silo.Execution.Local;

/// <summary>A record that a check adds beside its counters, in the same journal record. Its bytes are in the check's scratch.</summary>
/// <param name="Shard">The shard of the record's key.</param>
/// <param name="IdStart">Where its id (GrainId) begins.</param>
/// <param name="IdLength">Bytes of its id.</param>
/// <param name="StateStart">Where its bytes begin; the first eight are the instant from which it may be forgotten.</param>
/// <param name="StateLength">How many they are.</param>
internal readonly record struct NewRecord(Shard Shard, int IdStart, int IdLength, int StateStart, int StateLength);
