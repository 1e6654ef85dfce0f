using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Quota.Silo.Cluster;
using Quota.Silo.Orleans.Membership;
using Quota.Silo.Orleans.Partitions;
using Quota.Silo.Store;

namespace Quota.Silo.Orleans;

/// <summary>An Orleans silo inside this process: membership, the partitions' grains, and the service that takes batches.</summary>
internal static class OrleansHost
{
    /// <summary>A call to another silo that nobody waits for any more ends by itself after this; batches have a time-out of their own.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromMilliseconds(Contracts.Bounds.ForwardTimeoutMsMax);

    /// <param name="settings">Which cluster.</param>
    /// <param name="host">This silo.</param>
    /// <param name="ended">Told when the cluster has declared this member dead.</param>
    public static IHost Build(OrleansSettings settings, PartitionHost host, Action<string> ended)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(host.Loggers);
        builder.UseOrleans(silo =>
        {
            Configure(silo, settings);
            AddPartitions(silo, host);
            silo.Services.Replace(ServiceDescriptor.Singleton<IFatalErrorHandler>(new MemberEnd(ended)));
        });
        return builder.Build();
    }

    /// <summary>The partitions, whatever the membership.</summary>
    public static void AddPartitions(ISiloBuilder silo, PartitionHost host)
    {
        silo.Services.AddSingleton(host);
        silo.Services.AddSingleton<PartitionServiceClient>();
        silo.Services.AddSingleton<OrleansTransport>();
        silo.Services.AddSingleton<PartitionBalancer>();
        silo.Services.AddHostedService(static services => services.GetRequiredService<PartitionBalancer>());
        silo.AddGrainService<PartitionService>();
        silo.AddPlacementDirector<PartitionPlacement, PartitionPlacementDirector>();
        // A span per call, if anybody listens; without it Orleans has the sources of its traces and tells them nothing.
        silo.AddActivityPropagation();
    }

    private static void Configure(ISiloBuilder silo, OrleansSettings settings)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = settings.ClusterId);
        IPEndPoint endPoint = settings.EndPoint;
        silo.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = endPoint.Address;
            options.SiloPort = endPoint.Port;
            // Nobody outside the cluster talks to it.
            options.GatewayPort = 0;
            options.SiloListeningEndpoint = settings.ListensEverywhere ? new IPEndPoint(IPAddress.Any, endPoint.Port) : endPoint;
        });
        silo.Configure<ClusterMembershipOptions>(options => SetProbes(options, settings));
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
        switch (settings.Membership)
        {
            case DynamoSettings dynamo:
                silo.UseDynamoDBClustering((DynamoDBClusteringOptions options) => Set(options, dynamo));
                break;
            case PostgresSettings postgres:
                silo.UseAdoNetClustering((AdoNetClusteringSiloOptions options) =>
                {
                    options.Invariant = "Npgsql";
                    options.ConnectionString = PostgresMembership.ConnectionString(postgres);
                });
                break;
            default:
                silo.UseDevelopmentClustering(settings.PrimaryEndPoint);
                break;
        }
        if (settings.Tls is { } tls)
        {
            SiloTls.Configure(silo, tls);
        }
    }

    /// <summary>
    /// With one probe a second and two that may be missed, a silo that died is known to be dead after about two seconds; one vote is
    /// enough, because a silo that is wrongly declared dead loses nothing but its partitions, and joins anew.
    /// </summary>
    public static void SetProbes(ClusterMembershipOptions options, OrleansSettings settings)
    {
        options.ProbeTimeout = TimeSpan.FromMilliseconds(settings.ProbeIntervalMs);
        options.NumMissedProbesLimit = settings.ProbesMissedMax;
        options.NumVotesForDeathDeclaration = 1;
        options.EnableIndirectProbes = false;
        options.ExtendProbeTimeoutDuringDegradation = false;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
    }

    private static void Set(DynamoDBClusteringOptions options, DynamoSettings dynamo)
    {
        options.TableName = dynamo.Table;
        options.Service = dynamo.Endpoint ?? dynamo.Region ?? throw new InvalidOperationException("the region of DynamoDB is not set");
        options.CreateIfNotExists = dynamo.Create;
        options.UpdateIfExists = false;
        options.UseProvisionedThroughput = dynamo.Provisioned is not null;
        if (dynamo.Provisioned is { } units)
        {
            options.ReadCapacityUnits = units.ReadUnits;
            options.WriteCapacityUnits = units.WriteUnits;
        }
    }

    /// <summary>Instead of ending the process, which is what Orleans does by itself.</summary>
    private sealed class MemberEnd(Action<string> ended) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

        public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
            ended($"{context}{(exception is null ? "" : ": ")}{exception?.Message}");
    }
}
