namespace Quota.Silo.Journal;

/// <summary>A segment file that is, or was, part of the log.</summary>
internal sealed class RetainedSegment(long number, long bytes)
{
    public long Number => number;

    public long Bytes => bytes;

    /// <summary>Whether it is synced and will not be written any more: only then may it go.</summary>
    public bool IsSettled { get; set; }
}
