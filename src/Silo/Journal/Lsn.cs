namespace Quota.Silo.Journal;

/// <summary>
/// A place in the journal, as one number that only grows: the segment's number in the upper 32 bits, the byte offset in its
/// file in the lower 32. Segments of different sizes may therefore follow each other. 0 is before everything. APPEND-ONLY.
/// </summary>
internal static class Lsn
{
    private const int OffsetBits = 32;

    public static long Of(long segment, long offset) => (segment << OffsetBits) | offset;

    public static long Segment(long lsn) => lsn >>> OffsetBits;

    public static long Offset(long lsn) => lsn & ((1L << OffsetBits) - 1);
}
