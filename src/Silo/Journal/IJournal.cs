namespace Quota.Silo.Journal;

/// <summary>
/// The log of accepted decisions. Records are opaque bytes here. A position says "everything appended up to here"; positions
/// only grow, and mean nothing outside this process.
/// </summary>
public interface IJournal : IAsyncDisposable
{
    JournalStatus Status { get; }

    /// <summary>
    /// Appends a record in memory, in the order of the calls. Never waits for the disk. False if the journal does not take
    /// records now (its status says why, or the disk is too far behind); then nothing was appended. Safe for concurrent use.
    /// </summary>
    bool TryAppend(ReadOnlySpan<byte> record, out long position);

    /// <summary>Hands everything up to the position to the operating system, on the caller's thread. False if that failed.</summary>
    bool EnsureWritten(long position);

    /// <summary>Completes when everything up to the position has been synced: true; or false if that will never happen.</summary>
    ValueTask<bool> WaitDurableAsync(long position);

    /// <summary>The position of the latest record that was appended.</summary>
    long AppendedPosition { get; }

    /// <summary>
    /// The number of the segment being written. Every record appended so far is in this segment or an earlier one, or will be in
    /// this or a later one; so once all grains that were dirty when this was read are in the store, all earlier segments may go.
    /// </summary>
    long ActiveSegment { get; }

    /// <summary>Bytes in segments that are still needed.</summary>
    long RetainedBytes { get; }

    /// <summary>Gives up all segments before this one, which is not beyond <see cref="ActiveSegment"/>. Never waits for the disk.</summary>
    void Release(long segment);
}
