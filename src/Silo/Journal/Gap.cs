namespace Quota.Silo.Journal;

/// <summary>What it means that no intact frame follows where the log is expected to go on: a torn end, or a loss.</summary>
/// <param name="Loss">What was synced and is gone; null for a torn end.</param>
/// <param name="Next">After a loss: the first intact frame behind it.</param>
/// <param name="TornBytes">At a torn end: bytes of frames that were begun or arrived behind it.</param>
internal readonly record struct Gap(JournalLoss? Loss, FrameHeader Next, long TornBytes)
{
    /// <summary>Reads on from <paramref name="endLsn"/> for a frame that proves that something after it had been synced.</summary>
    public static Gap Judge(SegmentCatalog catalog, int index, long endLsn, Func<int, SegmentReader> reader, long segmentBytes)
    {
        FrameHeader? next = null;
        long torn = 0;
        for (int i = index; i < catalog.Segments.Count; i++)
        {
            using SegmentReader segment = reader(i);
            long offset = i == index ? Lsn.Offset(endLsn) : SegmentHeader.Bytes;
            torn += i == index ? segment.BegunBytes(offset) : 0;
            while (segment.TryFind(offset, out FrameHeader header))
            {
                next ??= header;
                if (header.Durable > endLsn)
                {
                    return new Gap(Describe(catalog, catalog.Segments[index], endLsn, next.Value, segmentBytes), next.Value, 0);
                }
                torn += header.End - header.Lsn;
                offset = Lsn.Offset(header.End);
            }
        }
        return new Gap(null, default, torn);
    }

    private static JournalLoss Describe(SegmentCatalog catalog, SegmentEntry from, long endLsn, FrameHeader next, long segmentBytes)
    {
        long offset = Lsn.Offset(endLsn);
        long to = Lsn.Segment(next.Lsn);
        if (to == from.Number)
        {
            return new JournalLoss(from.Name, offset, next.Lsn - endLsn, "Synced records are damaged.");
        }
        // Across segments nobody knows how far each was filled: the most it can be.
        long nextOffset = Lsn.Offset(next.Lsn);
        long bytes = from.LimitBytes - offset + nextOffset - SegmentHeader.Bytes;
        bytes += catalog.Segments.Where(s => s.Number > from.Number && s.Number < to).Sum(s => s.LimitBytes - SegmentHeader.Bytes);
        long before = Lsn.Segment(next.PreviousEnd);
        bool isMissing = nextOffset == SegmentHeader.Bytes && catalog.Segments.All(s => s.Number != before);
        return isMissing
            ? new JournalLoss(from.Name, offset, bytes + segmentBytes, $"{SegmentName.Of(before)} is missing.")
            : new JournalLoss(from.Name, offset, bytes, $"Synced records are damaged, up to {SegmentName.Of(to)}.");
    }
}
