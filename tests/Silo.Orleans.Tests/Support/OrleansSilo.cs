using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Time;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>A silo without edge and definitions: the shared executor with leases, and the router in front of it.</summary>
internal sealed class OrleansSilo : IDisposable
{
    /// <param name="name">The silo's.</param>
    /// <param name="store">The store that all silos share.</param>
    /// <param name="catalog">Plans.</param>
    /// <param name="partitions">Partitions, and the time-out.</param>
    /// <param name="log">Collects what is logged; null: nothing is.</param>
    public OrleansSilo(string name, IGrainStore store, CatalogModel catalog, PartitionSettings partitions, ILoggerFactory? log = null)
    {
        Name = name;
        var state = new CatalogState(catalog);
        var clock = new SystemClock(TimeProvider.System);
        var leases = new LeaseParts(new KeyTable(new LayoutRegistry(), 100_000), new MemoryJournal(), null, (name.GetHashCode(StringComparison.Ordinal) | 1L, name), static () => 1);
        Grains = new SharedGrains(store, state, clock, new EventSchedule(), new EventLog(NullLogger.Instance, TimeProvider.System), new SharedRuntime(), 30_000, leases);
        Leases = leases;
        Router = new ForwardRouter(Grains.Executor, partitions, clock, TimeProvider.System);
        Limiter = new Limiter(state, Router, clock);
        Hosting = new PartitionHosting(Router.Epochs);
        Host = new PartitionHost(name, Router, Hosting, new ForwardedBatchServer(Grains.Limiter, Hosting), new PartitionRecords(store), new PartitionLeases(Grains.Settler!, leases.Desk, partitions.Count), log ?? NullLoggerFactory.Instance);
    }

    public string Name { get; }

    public SharedGrains Grains { get; }

    public LeaseParts Leases { get; }

    public ForwardRouter Router { get; }

    public PartitionHosting Hosting { get; }

    public Limiter Limiter { get; }

    public PartitionHost Host { get; }

    public async Task<Decision> CheckAsync(string key, string requestId = "")
    {
        Decision decision = Begin(key, requestId);
        await Limiter.CompleteAsync(decision);
        return decision;
    }

    /// <summary>Gives back every lease, as a silo that stops does.</summary>
    public Task SettleAsync() => Grains.Settler!.SettleAllAsync();

    public void Dispose() => Router.Dispose();

    private Decision Begin(string key, string requestId)
    {
        var decision = new Decision();
        var request = new CheckRequest { Namespace = "acme"u8, Key = Encoding.UTF8.GetBytes(key), Cost = 1, RequestId = Encoding.UTF8.GetBytes(requestId) };
        Limiter.Begin(request, Limiter.Now(), decision);
        return decision;
    }
}
