using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Contracts.V1;
using Quota.Grains.Model;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Hosting;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Cluster;

/// <summary>What a silo under <c>executor: orleans</c> says of its cluster; whoever places partitions is the test.</summary>
[NeedsServer(ServerKind.Postgres)]
public sealed class OrleansStatusTests
{
    [ServerFact]
    public async Task A_silo_shows_the_executor_all_partitions_and_those_it_owns()
    {
        using var folder = new TempFolder();
        var settings = new SiloSettings
        {
            GrpcListen = "127.0.0.1:0",
            HttpListen = "127.0.0.1:0",
            DataDirectory = folder.File("data"),
            Silo = "a",
            Cluster = new ClusterSettings
            {
                Executor = ExecutorKind.Orleans,
                Store = new PostgresSettings { ConnectionString = (await SharedServers.Postgres).ConnectionString, Schema = "orleans_status", TimeoutMs = 10_000 },
                Partitions = 32,
                Orleans = new OrleansSettings { Partitions = new PartitionSettings { Count = 32 } },
            },
        };
        (SiloHost? host, string? error) = await SiloHost.StartAsync(
            settings, Catalogs.Of("acme", [new PlanModel("p", [LimitModel.FixedWindow("hour", 9, 3_600_000_000_000)])]), new SiloHostOptions { Plugin = new OwnerOfThree() }, NullLoggerFactory.Instance, default);
        Assert.Null(error);
        await using (host)
        {
            using var admin = new AdminSilo(host!.Endpoints.Http);
            var clock = System.Diagnostics.Stopwatch.StartNew();
            ClusterStatus status = await StatusAsync(admin);
            Assert.Equal((ExecutorName.Orleans, 32), (status.Executor, status.Partitions));
            // Its own number is in its next sign of life.
            while (status.Silos.SingleOrDefault()?.Partitions != 3)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), status.ToString());
                await Task.Delay(50);
                status = await StatusAsync(admin);
            }
        }
    }

    private static async Task<ClusterStatus> StatusAsync(AdminSilo admin) => JsonParser.Default.Parse<ClusterStatus>((await admin.DoAsync("GET", "/v1/cluster")).ToString());

    /// <summary>A cluster in which this silo owns three partitions.</summary>
    private sealed class OwnerOfThree : IClusterPlugin, IAsyncDisposable
    {
        public Task<(IAsyncDisposable? Membership, string? Error)> JoinAsync(OrleansSettings settings, PartitionHost host, CancellationToken cancellation)
        {
            for (int partition = 0; partition < 3; partition++)
            {
                host.Hosting.Host(partition, 1);
            }
            return Task.FromResult<(IAsyncDisposable?, string?)>((this, null));
        }

        public ValueTask DisposeAsync() => default;
    }
}
