namespace Quota.Silo.Journal;

/// <summary>
/// Whether a write or sync ever failed. Safety: one flag that is only ever set. After a failed sync the kernel may drop the
/// dirty pages and report success the next time, so a second sync proves nothing; hence there is no way back.
/// </summary>
internal sealed class JournalHealth(JournalOptions options, PendingRecords pending)
{
    private int _failed;

    public bool IsFailed => Volatile.Read(ref _failed) != 0;

    /// <summary>Stops the journal for good, with one line in the log.</summary>
    public void Fail(Exception failure)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
        {
            pending.Close();
            JournalLog.Failed(options.Log, options.Files.Location, failure);
        }
    }

    /// <summary>Whether this is the disk's fault, rather than the program's.</summary>
    public static bool IsIoFailure(Exception failure) => failure is IOException or UnauthorizedAccessException;
}
