namespace Quota.Silo.Journal;

/// <summary>
/// Makes segment files, from a spare one where there is one, and removes them. Used by one thread at a time.
/// <para>
/// Crash safety. A file gets a segment's name only when its content and header are synced, and the directory is synced before
/// the segment is used; so a file of that name always has a whole header, and no segment that was written can vanish. A removed
/// segment becomes a spare, and the directory is synced, before its header is overwritten. Numbers are never used twice, so
/// bytes of a file's former life never carry its present number.
/// </para>
/// </summary>
internal sealed class SegmentWorkshop(JournalOptions options, SegmentCatalog catalog)
{
    private long _nextNumber = catalog.LastNumber + 1;
    private bool _hasSpare = catalog.HasUsableSpare;
    private bool _hasUnsyncedRemovals;

    public ulong JournalId { get; } = catalog.JournalId;

    /// <summary>Makes the next segment. Fails with <see cref="IOException"/> if there is no room for it.</summary>
    /// <param name="occupiedBytes">Bytes of all other segment files.</param>
    public Segment Make(long occupiedBytes)
    {
        SyncRemovals();
        if (_hasSpare)
        {
            // If this fails, the spare is not tried again: a new file may lie on better ground.
            _hasSpare = false;
            return Dress(options.Files.Open(SegmentName.Spare), SegmentName.Spare);
        }
        if (occupiedBytes + options.SegmentBytes > options.BytesMax)
        {
            throw new IOException($"all segments together may take {options.BytesMax} bytes");
        }
        return Dress(options.Files.Create(SegmentName.Unfinished, options.SegmentBytes), SegmentName.Unfinished);
    }

    /// <summary>Removes a segment; durable after <see cref="SyncRemovals"/>.</summary>
    public void Remove(RetainedSegment segment)
    {
        _hasUnsyncedRemovals = true;
        string name = SegmentName.Of(segment.Number);
        if (segment.Bytes == options.SegmentBytes && !_hasSpare)
        {
            options.Files.Rename(name, SegmentName.Spare);
            _hasSpare = true;
        }
        else
        {
            options.Files.Delete(name);
        }
    }

    public void SyncRemovals()
    {
        if (_hasUnsyncedRemovals)
        {
            options.Files.SyncDirectory();
            _hasUnsyncedRemovals = false;
        }
    }

    /// <summary>Gives a whole file a new header and then its name.</summary>
    private Segment Dress(IJournalFile file, string from)
    {
        try
        {
            long number = _nextNumber++;
            SegmentHeader header = new(
                SegmentHeader.CurrentVersion, JournalId, number, options.SegmentBytes, options.Time.GetUtcNow().ToUnixTimeMilliseconds());
            file.Write(header.Encode(), 0);
            file.Sync();
            options.Files.Rename(from, SegmentName.Of(number));
            options.Files.SyncDirectory();
            return new Segment(number, options.SegmentBytes, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
