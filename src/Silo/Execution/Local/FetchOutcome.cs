namespace Quota.Silo.Execution.Local;

/// <summary>What became of a block that was missing.</summary>
internal enum FetchOutcome
{
    /// <summary>It is resident, or somebody has to look again.</summary>
    Resident,

    /// <summary>There is no such block, in memory or in the store.</summary>
    Absent,

    /// <summary>The table is full of blocks that are not in the store yet, or the journal takes no layout.</summary>
    NoRoom,
}
