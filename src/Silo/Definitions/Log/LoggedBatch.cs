namespace Quota.Silo.Definitions.Log;

/// <summary>A batch with its place in the log.</summary>
/// <param name="First">Sequence of its first record.</param>
/// <param name="Last">Sequence of its last record.</param>
/// <param name="Batch">What it says.</param>
internal readonly record struct LoggedBatch(long First, long Last, ChangeBatch Batch);
