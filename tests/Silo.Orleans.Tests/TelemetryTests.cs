using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Quota.Grains.Model;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Orleans.Tests.Support;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests;

/// <summary>What docs/ORLEANS.md says there is to be measured and traced of Orleans.</summary>
public sealed class TelemetryTests
{
    private const string Meter = "Microsoft.Orleans";

    [Fact]
    public async Task Orleans_meter_counts_the_partitions_that_are_active()
    {
        var instruments = new ConcurrentDictionary<string, string>();
        long activations = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name.StartsWith(Meter, StringComparison.Ordinal))
                {
                    instruments[instrument.Name] = instrument.Meter.Name;
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Interlocked.Add(ref activations, instrument.Name == "orleans-catalog-activations" ? value : 0));
        listener.Start();
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(2, 1_000);
        listener.RecordObservableInstruments();
        Assert.Equal([Meter], instruments.Values.Distinct());
        string[] documented = ["orleans-catalog-activations", "orleans-messaging-sent-messages-size", "orleans-messaging-received-messages-size", "orleans-messaging-pings-sent", "orleans-messaging-pings-reply-missed", "orleans-networking-sockets-opened", "orleans-app-requests-latency-bucket"];
        Assert.Empty(documented.Except(instruments.Keys));
        Assert.True(activations >= OrleansTestCluster.Partitions, $"{activations} activations of {OrleansTestCluster.Partitions} partitions");
    }

    [Fact]
    public async Task A_batch_that_goes_to_another_silo_is_a_span()
    {
        var spans = new ConcurrentQueue<(string Source, string Name, ActivityKind Kind)>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name.StartsWith(Meter, StringComparison.Ordinal),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => spans.Enqueue((span.Source.Name, span.DisplayName, span.Kind)),
        };
        ActivitySource.AddActivityListener(listener);
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(2, 1_000);
        for (int i = 0; i < 20; i++)
        {
            Assert.True((await cluster.Silos[0].CheckAsync("key-" + i)).Allowed);
        }
        Assert.Contains(("Microsoft.Orleans.Application", "IPartitionService/AnswerAsync", ActivityKind.Client), spans);
        Assert.Contains(("Microsoft.Orleans.Application", "IPartitionService/AnswerAsync", ActivityKind.Server), spans);
        Assert.Contains(("Microsoft.Orleans.Application", "IPartitionGrain/SettleAsync", ActivityKind.Server), spans);
    }

    [Fact]
    public async Task Silos_whose_membership_is_in_the_memory_of_one_find_each_other_and_are_measured()
    {
        var meters = new ConcurrentDictionary<string, bool>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => meters[instrument.Meter.Name] = true };
        listener.Start();
        await using var store = new MemoryGrainStore();
        int first = ServerProcess.FreePorts(2);
        OrleansSilo[] silos = [.. Enumerable.Range(0, 2).Select(i => new OrleansSilo($"s{i}", store, Catalogs.Of("acme", [new PlanModel("p", [LimitModel.FixedWindow("hour", 50, 3_600_000_000_000)])]), new PartitionSettings { Count = 16, TimeoutMs = 5_000 }))];
        IHost[] hosts = [.. silos.Select((silo, i) => OrleansHost.Build(new OrleansSettings { Address = $"127.0.0.1:{first + i}", Primary = $"127.0.0.1:{first}", Partitions = new PartitionSettings { Count = 16 } }, silo.Host, _ => { }))];
        try
        {
            foreach (IHost host in hosts)
            {
                await host.StartAsync();
            }
            var clock = Stopwatch.StartNew();
            while (silos.Any(s => s.Router.Map.Members.Length != 2))
            {
                Assert.True(clock.Elapsed < OrleansTestCluster.Bound, string.Join(' ', silos.Select(s => s.Router.Map.Members.Length)));
                await Task.Delay(20);
            }
            Assert.True((await silos[1].CheckAsync("key")).Allowed);
            Assert.Contains(Meter, meters.Keys);
        }
        finally
        {
            foreach (IHost host in hosts.Reverse())
            {
                await host.StopAsync();
                host.Dispose();
            }
            foreach (OrleansSilo silo in silos)
            {
                silo.Dispose();
            }
        }
    }
}
