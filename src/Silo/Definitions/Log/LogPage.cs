namespace Quota.Silo.Definitions.Log;

/// <summary>A part of the change log.</summary>
/// <param name="Batches">Its whole batches, in order.</param>
/// <param name="Tail">The last record that was seen; the next batch is appended behind it.</param>
/// <param name="IsEnd">Whether the log ends there.</param>
/// <param name="Dead">Records of batches that were overtaken, which never will be whole and still have a content.</param>
internal readonly record struct LogPage(IReadOnlyList<LoggedBatch> Batches, long Tail, bool IsEnd, IReadOnlyList<long> Dead);
