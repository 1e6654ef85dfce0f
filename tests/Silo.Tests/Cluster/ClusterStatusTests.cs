using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Quota.Contracts.V1;
using Quota.Silo.Cluster;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Protocols.Cluster;
using Quota.Silo.Store;
using Quota.Silo.Tests.Cli;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster;

/// <summary>What an operator is shown of a cluster.</summary>
public sealed class ClusterStatusTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_silo_by_itself_shows_itself()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync();
        JsonElement status = await silo.Admin.DoAsync("GET", "/v1/cluster");
        Assert.Equal("EXECUTOR_NAME_LOCAL", status.GetProperty("executor").GetString());
        JsonElement only = Assert.Single(status.GetProperty("silos").EnumerateArray());
        Assert.Equal(("SILO_LIFE_LIVE", status.GetProperty("silo").GetString()), (only.GetProperty("state").GetString(), only.GetProperty("name").GetString()));
        Assert.Equal((HttpStatusCode.BadRequest, "leases_max", "1001 is out of bounds: must be from 1 to 1000"), await silo.Admin.RefusedAsync("GET", "/v1/cluster?leases_max=1001"));
        string server = $"http://{silo.Host.Endpoints.Http}";
        CliRun table = await CliRun.Of("cluster", "status", "--leases", "--server", server);
        Assert.Equal(0, table.ExitCode);
        Assert.Contains("executor local, as silo " + status.GetProperty("silo").GetString(), table.Output, StringComparison.Ordinal);
        Assert.Contains(" live ", table.Output, StringComparison.Ordinal);
        Assert.Contains("no leases", table.Output, StringComparison.Ordinal);
        CliRun json = await CliRun.Of("cluster", "status", "--json", "--server", server);
        Assert.Equal("local", JsonDocument.Parse(json.Output).RootElement.GetProperty("executor").GetString()!["EXECUTOR_NAME_".Length..].ToLowerInvariant());
    }

    [Fact]
    public async Task A_cluster_shows_its_silos_and_the_largest_leases()
    {
        var self = new SiloIdentity("a", Guid.Empty, "a:1", "1.0", ExecutorKind.Orleans);
        var view = new FixedView(self, [new SiloView("b", "b:2", SiloState.Gone, "1.1", ExecutorKind.Orleans, 5, 6_000, 7, new SiloNumbers(8, 9, 10, 11))]);
        var leases = new FixedLeases([Lease("k1", 5, LeasePhase.Active), Lease("k2", 9, LeasePhase.Lost), Lease("k3", 7, LeasePhase.Unsettled)]);
        var service = new ClusterService(view, leases, 64, _time);
        var status = (ClusterStatus)(await service.GetAsync(new GetClusterStatusRequest { Leases = true, LeasesMax = 2 }, default)).Response!;
        Assert.Equal(
            new SiloStatus { Name = "b", Address = "b:2", State = SiloLife.Gone, Version = "1.1", StartedUnixMs = 5, SeenMsAgo = 6_000, ClockSkewMs = 7, Leases = 8, Partitions = 9, PersistenceLagMs = 10, UnsettledUnits = 11 },
            Assert.Single(status.Silos));
        Assert.Equal(("a", ExecutorName.Orleans, 64, 3L, ManualClock.DefaultStartMs), (status.Silo, status.Executor, status.Partitions, status.ClockLeadMs, status.AtUnixMs));
        Assert.Equal(["k2 9 Lost", "k3 7 Unsettled"], status.Leases.Select(l => $"{l.Key} {l.Granted} {l.State}"));
        Assert.Empty(((ClusterStatus)(await service.GetAsync(new GetClusterStatusRequest(), default)).Response!).Leases);
    }

    [Fact]
    public async Task Leases_that_cannot_be_read_are_unavailable_and_the_silos_are_shown_all_the_same()
    {
        var service = new ClusterService(new FixedView(new SiloIdentity("a", Guid.Empty, "a:1", "1.0", ExecutorKind.Shared), []), new FixedLeases(null), 0, _time);
        (_, GrpcStatus refused) = await service.GetAsync(new GetClusterStatusRequest { Leases = true }, default);
        Assert.Equal((GrpcStatusCode.Unavailable, "injected"), (refused.Code, refused.Message));
        Assert.NotNull((await service.GetAsync(new GetClusterStatusRequest(), default)).Response);
    }

    private static HeldLease Lease(string key, long granted, LeasePhase phase) => new("n", key, "l", "b", granted, 1, 2, phase);

    private sealed class FixedView(SiloIdentity self, IReadOnlyList<SiloView> silos) : IClusterView
    {
        public SiloIdentity Self => self;

        public IReadOnlyList<SiloView> Silos => silos;

        public long ClockLeadMs => 3;
    }

    private sealed class FixedLeases(HeldLease[]? leases) : ILeaseLedger
    {
        public async IAsyncEnumerable<HeldLease> ScanAsync([EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.CompletedTask;
            foreach (HeldLease lease in leases ?? throw new StoreException("injected"))
            {
                yield return lease;
            }
        }
    }
}
