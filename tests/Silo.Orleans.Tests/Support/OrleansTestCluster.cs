using System.Collections.Concurrent;
using Orleans.Configuration;
using Orleans.TestingHost;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>Silos in one process, in Orleans' own test cluster, over one store.</summary>
internal sealed class OrleansTestCluster : IAsyncDisposable
{
    public const int Partitions = 128;
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly MemoryGrainStore _store = new();
    private readonly TestLogs _logs = new();
    private readonly ConcurrentDictionary<string, OrleansSilo> _silos = new();
    private readonly PartitionSettings _partitions = new() { Count = Partitions, TimeoutMs = 5_000 };
    private readonly CatalogModel _catalog;

    public OrleansTestCluster(short silos, long amount)
    {
        _catalog = Catalogs.Of("acme", [new PlanModel("p", [LimitModel.FixedWindow("hour", amount, 3_600_000_000_000)])]);
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.InitializeClientOnDeploy = false;
        builder.ConfigureSilo((options, silo) =>
        {
            OrleansHost.AddPartitions(silo, _silos.GetOrAdd(options.SiloName, name => new OrleansSilo(name, _store, _catalog, _partitions, _logs)).Host);
            silo.Configure<ClusterMembershipOptions>(probes => OrleansHost.SetProbes(probes, new OrleansSettings()));
        });
        Cluster = builder.Build();
    }

    public InProcessTestCluster Cluster { get; }

    /// <summary>The silos that work.</summary>
    public OrleansSilo[] Silos => [.. Cluster.GetActiveSilos().Select(s => _silos[s.Name])];

    public static async Task<OrleansTestCluster> StartAsync(short silos, long amount)
    {
        var cluster = new OrleansTestCluster(silos, amount);
        await cluster.Cluster.DeployAsync();
        await cluster.SettleAsync();
        return cluster;
    }

    public OrleansSilo Of(InProcessSiloHandle handle) => _silos[handle.Name];

    /// <summary>Waits until every partition is owned by exactly the silo that the map says, and every silo reaches all others.</summary>
    public async Task SettleAsync()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!IsSettled(Silos))
        {
            Assert.True(clock.Elapsed < Bound, $"{string.Join('\n', Silos.Select(Describe))}\n{_logs}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.StopAllSilosAsync();
        await Cluster.DisposeAsync();
        foreach (OrleansSilo silo in _silos.Values)
        {
            silo.Dispose();
        }
        await _store.DisposeAsync();
    }

    private static string Describe(OrleansSilo silo) =>
        $"{silo.Name}: map of {silo.Router.Map.Members.Length}, owns {silo.Router.Map.Own().Count()}, has {silo.Hosting.Count}, others {string.Join(' ', silo.Router.Others.Select(o => o.Member.Name + (o.Answers ? "" : " (silent)")))}";

    private static bool IsSettled(OrleansSilo[] silos) => silos.All(s =>
        s.Router.Map.Members.Length == silos.Length
        && s.Router.Others.All(o => o.Answers)
        && Enumerable.Range(0, Partitions).All(p => s.Hosting.IsHosted(p) == s.Router.Map.IsOwn(p)));
}
