using Quota.Silo.Cluster;

namespace Quota.Silo.Hosting;

/// <summary>What a silo is started with: the <c>server</c> section of the configuration and the command line. Read once.</summary>
public sealed record SiloSettings
{
    /// <summary>gRPC (HTTP/2 without TLS) listens here. Port 0 picks a free one.</summary>
    public string GrpcListen { get; init; } = "127.0.0.1:7070";

    /// <summary>HTTP/1.1 (health, JSON) listens here. Port 0 picks a free one.</summary>
    public string HttpListen { get; init; } = "127.0.0.1:7071";

    /// <summary>Journal and checkpoint file live here. One process at a time.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>Bytes of one journal segment, preallocated; a multiple of 4,096 from 1 MiB to 1 GiB.</summary>
    public long JournalSegmentBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Bytes all journal segments together may take; when they do, decisions are refused until a checkpoint frees some.</summary>
    public long JournalBytesMax { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>A checkpoint starts at the latest this long after the one before.</summary>
    public int CheckpointIntervalMs { get; init; } = 30_000;

    /// <summary>Blocks (a key, or one attribute value of it) held in memory; beyond, idle ones are evicted to the store.</summary>
    public int ResidentBlocksMax { get; init; } = 10_000_000;

    /// <summary>Calls being worked on at once; beyond, calls are refused at once with RESOURCE_EXHAUSTED / 503.</summary>
    public int InFlightMax { get; init; } = 4_096;

    /// <summary>Open connections per listener; beyond, new ones are closed.</summary>
    public int ConnectionsMax { get; init; } = 16_384;

    /// <summary>Longest time a stop waits for calls in flight.</summary>
    public int DrainTimeoutMs { get; init; } = 10_000;

    /// <summary>What makes it one of many silos; null for a silo by itself (<c>executor: local</c>).</summary>
    public ClusterSettings? Cluster { get; init; }

    /// <summary>The name the silo was given, or null.</summary>
    public string? Silo { get; init; }

    /// <summary>The host and port that others are told, if it is not <see cref="GrpcListen"/>.</summary>
    public string? Advertise { get; init; }

    /// <summary>The silo's name, unique in its cluster: as given, or the machine's name and the gRPC port.</summary>
    public string SiloName => Silo ?? SiloNames.Default(Environment.MachineName, GrpcListen);

    /// <summary>The address that others and operators are told.</summary>
    public string AdvertisedAddress => Advertise ?? GrpcListen;
}
