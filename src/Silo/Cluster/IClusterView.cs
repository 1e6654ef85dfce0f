namespace Quota.Silo.Cluster;

/// <summary>The port to what a silo knows of its cluster. Safe for concurrent use; answers at once.</summary>
public interface IClusterView
{
    /// <summary>This silo.</summary>
    SiloIdentity Self { get; }

    /// <summary>Every silo that the cluster remembers, by name; this one at least.</summary>
    IReadOnlyList<SiloView> Silos { get; }

    /// <summary>How far the cluster's clock is ahead of this machine's, in ms.</summary>
    long ClockLeadMs { get; }
}
