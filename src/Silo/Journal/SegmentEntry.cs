using Quota.Contracts;

namespace Quota.Silo.Journal;

/// <summary>A segment file as it was found.</summary>
/// <param name="Number">From its name.</param>
/// <param name="FileBytes">Its length.</param>
/// <param name="Header">Null if it is damaged.</param>
internal sealed record SegmentEntry(long Number, long FileBytes, SegmentHeader? Header)
{
    public string Name => SegmentName.Of(Number);

    /// <summary>Where frames end at the latest.</summary>
    public long LimitBytes => Math.Min(FileBytes, Header?.SegmentBytes ?? Bounds.JournalSegmentBytesMax);
}
