namespace Quota.Silo.Journal;

/// <summary>How opening a journal ended. Anything but <see cref="Opened"/> leaves every record as it was found.</summary>
public enum JournalOpenOutcome
{
    /// <summary>Everything that was ever durable has been replayed (except what the report lists as lost), and records are taken.</summary>
    Opened,

    /// <summary>Another process uses the directory.</summary>
    Locked,

    /// <summary>A segment has a format version this build does not read.</summary>
    WrongVersion,

    /// <summary>A segment belongs to another journal, or is not the one its name says.</summary>
    Foreign,

    /// <summary>Records that had been synced are damaged or missing: the report says where. Can be overridden with AcceptLoss.</summary>
    Corrupt,

    /// <summary>There is no room on the disk for a segment to write to.</summary>
    NoRoom,

    /// <summary>The directory or a file could not be read, written or synced.</summary>
    Unreadable,
}
