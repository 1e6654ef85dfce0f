using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Time;

namespace Quota.Silo.Hosting;

/// <summary>How a silo may differ from one in production.</summary>
internal sealed record SiloHostOptions
{
    /// <summary>Start although synced journal records are damaged.</summary>
    public bool AcceptJournalLoss { get; init; }

    /// <summary>Another clock than the machine's.</summary>
    public IClock? Clock { get; init; }

    /// <summary>
    /// The configuration file, whose definitions are put beside those that are stored. Without one the catalog that the silo is
    /// given is all there is, and there is no administration.
    /// </summary>
    public ConfigResult? Config { get; init; }

    /// <summary>Places partitions, if the executor needs that and the program has it.</summary>
    public IClusterPlugin? Plugin { get; init; }

    /// <summary>Further gRPC services.</summary>
    public IReadOnlyList<IGrpcService> Services { get; init; } = [];

    /// <summary>Whether to try itself out, and so warm up, before it reports ready.</summary>
    public bool SelfTest { get; init; } = true;
}
