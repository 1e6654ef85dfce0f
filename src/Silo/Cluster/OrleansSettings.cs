using System.Net;
using Quota.Grains;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>How a silo takes part in an Orleans cluster: <c>server.orleans</c> of the configuration.</summary>
internal sealed record OrleansSettings
{
    /// <summary>Silos with the same name here, and the same membership, are one cluster.</summary>
    public string ClusterId { get; init; } = "quota";

    /// <summary>Other silos reach this one here, and it listens here; not the address of all interfaces. An address that <see cref="ListenText"/> reads.</summary>
    public string Address { get; init; } = "127.0.0.1:7072";

    /// <summary><see cref="Address"/>, read.</summary>
    public IPEndPoint EndPoint => Read(Address);

    /// <summary>Listens on all interfaces, with the port of <see cref="Address"/>: for networks that translate addresses.</summary>
    public bool ListensEverywhere { get; init; }

    /// <summary>Where the silos of the cluster are listed: beside the grains; null: in the memory of <see cref="Primary"/>.</summary>
    public StoreSettings? Membership { get; init; }

    /// <summary>Without <see cref="Membership"/>: the address of the silo that knows the others. For development: the cluster does not outlive it.</summary>
    public string Primary { get; init; } = "127.0.0.1:7072";

    /// <summary><see cref="Primary"/>, read.</summary>
    public IPEndPoint PrimaryEndPoint => Read(Primary);

    /// <summary>Partitions, and how checks are sent.</summary>
    public PartitionSettings Partitions { get; init; } = new();

    /// <summary>Set if silos talk over TLS.</summary>
    public SiloTlsSettings? Tls { get; init; }

    /// <summary>A silo is asked this often whether it is there, in ms.</summary>
    public int ProbeIntervalMs { get; init; } = 1_000;

    /// <summary>Unanswered probes after which a silo counts as dead, and its partitions go to others.</summary>
    public int ProbesMissedMax { get; init; } = 2;

    private static IPEndPoint Read(string address)
    {
        Invariant.Check(ListenText.TryParse(address, out IPEndPoint endPoint));
        return endPoint;
    }
}
