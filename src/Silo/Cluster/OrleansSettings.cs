using System.Net;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>How a silo takes part in an Orleans cluster: <c>server.orleans</c> of the configuration.</summary>
internal sealed record OrleansSettings
{
    /// <summary>Silos with the same name here, and the same membership, are one cluster.</summary>
    public string ClusterId { get; init; } = "quota";

    /// <summary>Other silos reach this one here. The address has to be one that they can reach, not that of all interfaces.</summary>
    public required IPEndPoint Advertised { get; init; }

    /// <summary>This silo listens on all interfaces, not only on the one of <see cref="Advertised"/>.</summary>
    public bool ListensEverywhere { get; init; }

    /// <summary>Where the silos of the cluster are listed: a service of DynamoDB or PostgreSQL; null: in the memory of <see cref="Primary"/>.</summary>
    public StoreSettings? Membership { get; init; }

    /// <summary>Without <see cref="Membership"/>: the silo that knows the others. For development: the cluster does not outlive it.</summary>
    public IPEndPoint? Primary { get; init; }

    /// <summary>Partitions, and how checks are sent.</summary>
    public PartitionSettings Partitions { get; init; } = new();

    /// <summary>Set if silos talk over TLS.</summary>
    public SiloTlsSettings? Tls { get; init; }

    /// <summary>A silo is asked this often whether it is there, in ms.</summary>
    public int ProbeIntervalMs { get; init; } = 1_000;

    /// <summary>Unanswered probes after which a silo counts as dead, and its partitions go to others.</summary>
    public int ProbesMissedMax { get; init; } = 2;
}
