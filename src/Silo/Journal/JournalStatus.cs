namespace Quota.Silo.Journal;

/// <summary>Whether the journal takes records.</summary>
public enum JournalStatus
{
    /// <summary>Records are taken and made durable.</summary>
    Running,

    /// <summary>There is no room for another segment (disk full, or the bound on all segments). Ends by itself when there is.</summary>
    Full,

    /// <summary>A write or sync failed. What the disk holds is not known any more, so nothing is acknowledged until the process restarts.</summary>
    Failed,

    /// <summary>Closed in an orderly way.</summary>
    Closed,
}
