using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster;

namespace Quota.Silo.Hosting;

/// <summary>What <c>quota serve</c> was called with. What is null is left to the configuration file.</summary>
public sealed record ServeOptions
{
    /// <summary>The configuration file.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>Instead of <see cref="SiloSettings.DataDirectory"/>.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Instead of <see cref="SiloSettings.GrpcListen"/>; an address that <see cref="ListenText"/> reads.</summary>
    public string? GrpcListen { get; init; }

    /// <summary>Instead of <see cref="SiloSettings.HttpListen"/>; an address that <see cref="ListenText"/> reads.</summary>
    public string? HttpListen { get; init; }

    /// <summary>Instead of <see cref="SiloSettings.Silo"/>.</summary>
    public string? Silo { get; init; }

    /// <summary>Instead of <see cref="SiloSettings.Advertise"/>.</summary>
    public string? Advertise { get; init; }

    /// <summary>Instead of <see cref="OrleansSettings.Address"/>; an address that <see cref="ListenText"/> reads.</summary>
    public string? OrleansAddress { get; init; }

    /// <summary>Start although the journal has a damaged part, without what was in it.</summary>
    public bool AcceptJournalLoss { get; init; }

    /// <summary>The settings of the file with those of the command line put over them.</summary>
    public SiloSettings Over(SiloSettings file) => file with
    {
        DataDirectory = DataDirectory ?? file.DataDirectory,
        GrpcListen = GrpcListen ?? file.GrpcListen,
        HttpListen = HttpListen ?? file.HttpListen,
        Silo = Silo ?? file.Silo,
        Advertise = Advertise ?? file.Advertise,
        Cluster = OrleansAddress is not null && file.Cluster is { Orleans: { } orleans } cluster ? cluster with { Orleans = orleans with { Address = OrleansAddress } } : file.Cluster,
    };
}
