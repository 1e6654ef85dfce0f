namespace Quota.Silo.Journal;

/// <summary>What was found when a journal was opened.</summary>
public sealed record JournalReport
{
    /// <summary>Segments that frames were read from.</summary>
    public int Segments { get; init; }

    /// <summary>The lowest of them, 0 if none: who remembers what was released can compare.</summary>
    public long FirstSegment { get; init; }

    public long Frames { get; init; }

    public long Records { get; init; }

    /// <summary>Bytes of all records.</summary>
    public long RecordBytes { get; init; }

    /// <summary>Bytes of the groups that were being written when the process or the machine died and did not arrive whole: never acknowledged.</summary>
    public long TornBytes { get; init; }

    /// <summary>Whether the journal was closed in an orderly way.</summary>
    public bool Clean { get; init; }

    /// <summary>Synced records that are gone. Empty, unless the journal is corrupt.</summary>
    public IReadOnlyList<JournalLoss> Losses { get; init; } = [];

    public TimeSpan Duration { get; init; }
}
