namespace Quota.Silo.Cluster;

/// <summary>Where a lease is on its way.</summary>
public enum LeasePhase
{
    /// <summary>The holder decides by it.</summary>
    Active,

    /// <summary>It has ended, and the holder has not said yet what was used.</summary>
    Unsettled,

    /// <summary>The holder did not come back in time; the namespace's policy was applied.</summary>
    Lost,
}
