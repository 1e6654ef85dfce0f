namespace Quota.Simulator;

/// <summary>Where a silo runs, across the restarts of its process: clock, network, disk.</summary>
internal sealed class Machine
{
    /// <summary>By how much its wall clock is off.</summary>
    public long WallOffsetNs { get; set; }

    /// <summary>It cannot reach the store.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>Records of the journal that are on the disk.</summary>
    public SimDisk Disk { get; set; } = new();

    /// <summary>What was checkpointed.</summary>
    public LocalStore Store { get; } = new();
}
