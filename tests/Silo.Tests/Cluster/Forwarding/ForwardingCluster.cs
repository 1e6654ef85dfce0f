using System.Text;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Support;
using Quota.Silo.Time;

namespace Quota.Silo.Tests.Cluster.Forwarding;

/// <summary>Silos of one process: every silo's own executor is the same one, as if it were the store that all share.</summary>
internal sealed class ForwardingCluster : IDisposable
{
    public const int Partitions = 64;
    private readonly PartitionSettings _settings;

    public ForwardingCluster(int silos, CatalogModel catalog, IGrainExecutor truth, ILimiter? owner = null, int timeoutMs = 10_000, string[]? unreachable = null)
    {
        _settings = new PartitionSettings { Count = Partitions, TimeoutMs = timeoutMs };
        IClock clock = new ManualClock();
        string[] names = [.. Enumerable.Range(0, silos).Select(i => "silo-" + i)];
        foreach (string name in unreachable ?? [])
        {
            Transport.Unreachable[name] = true;
        }
        Silos = [.. names.Select(name => Create(name, names, catalog, truth, owner, clock))];
        foreach (Silo silo in Silos)
        {
            silo.Router.Follow(Map(silo.Name, names), Transport);
        }
    }

    public InProcessTransport Transport { get; } = new();

    public Silo[] Silos { get; }

    /// <summary>Waits until every silo reaches every other one that works.</summary>
    public async Task OpenAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!Silos.All(s => s.Router.Others.All(o => o.Answers || Transport.Unreachable.ContainsKey(o.Member.Name))))
        {
            await Task.Delay(5, bound.Token);
        }
    }

    /// <summary>A key whose partition a silo owns.</summary>
    public string KeyOf(string silo, string prefix = "key-", string owner = "acme")
    {
        PartitionMap map = Silos[0].Router.Map;
        return Enumerable.Range(0, 10_000).Select(i => prefix + i)
            .First(key => map.Members[map.OwnerOf(PartitionNumber.Of(Encoding.UTF8.GetBytes(owner), Encoding.UTF8.GetBytes(key), Partitions))].Name == silo);
    }

    public void Dispose()
    {
        foreach (Silo silo in Silos)
        {
            silo.Router.Dispose();
        }
    }

    private Silo Create(string name, string[] names, CatalogModel catalog, IGrainExecutor truth, ILimiter? owner, IClock clock)
    {
        var state = new CatalogState(catalog);
        var router = new ForwardRouter(truth, _settings, clock, TimeProvider.System);
        var hosting = new PartitionHosting(router.Epochs);
        var server = new ForwardedBatchServer(owner ?? new Limiter(state, truth, clock), hosting);
        Transport.Add(name, server.AnswerAsync);
        foreach (int partition in Map(name, names).Own())
        {
            hosting.Host(partition, 1);
        }
        return new Silo(name, new Limiter(state, router, clock), router, hosting);
    }

    private static PartitionMap Map(string self, string[] names) => new(Partitions, names.Select(n => new PartitionMember(n, n, n == self)));

    internal sealed record Silo(string Name, Limiter Limiter, ForwardRouter Router, PartitionHosting Hosting);
}
