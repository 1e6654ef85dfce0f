namespace Quota.Silo.Journal;

/// <summary>A region that held synced records which cannot be read any more.</summary>
/// <param name="File">The segment file it begins in.</param>
/// <param name="Offset">Byte in that file.</param>
/// <param name="Bytes">Its length; across segments the most it can be.</param>
/// <param name="Why">For people.</param>
public sealed record JournalLoss(string File, long Offset, long Bytes, string Why);
