namespace Quota.Silo.Journal;

/// <summary>A segment that can be written. Owned by whoever holds it: first the supply, then the log under its write lock.</summary>
internal sealed class Segment(long number, long bytes, IJournalFile file)
{
    public long Number => number;

    public IJournalFile File => file;

    /// <summary>Where the next frame goes.</summary>
    public long Offset { get; set; } = SegmentHeader.Bytes;

    public long FreeBytes => bytes - Offset;

    /// <summary>Whether it was written to since it was last handed to a sync.</summary>
    public bool IsUnsynced { get; set; }
}
