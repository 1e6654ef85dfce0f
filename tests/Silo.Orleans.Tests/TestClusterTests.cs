using Quota.Silo.Limiting;
using Quota.Silo.Orleans.Tests.Support;

namespace Quota.Silo.Orleans.Tests;

/// <summary>Real Orleans silos in one process, by Orleans' own test host.</summary>
public sealed class TestClusterTests
{
    [Fact]
    public async Task Checks_on_one_key_through_all_silos_count_together_exactly()
    {
        const int Amount = 700;
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(3, Amount);
        int allowed = 0;
        await Task.WhenAll(cluster.Silos.SelectMany(s => Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                Decision decision = await s.CheckAsync("one");
                Assert.Equal(DecisionStatus.Decided, decision.Status);
                Interlocked.Add(ref allowed, decision.Allowed ? 1 : 0);
            }
        }))));
        // What a silo holds unspent comes back when it settles; then exactly the amount is admitted.
        foreach (OrleansSilo silo in cluster.Silos)
        {
            await silo.SettleAsync();
        }
        for (int i = 0; i < Amount && (await cluster.Silos[i % 3].CheckAsync("one", "id-" + i)).Allowed; i++)
        {
            allowed++;
        }
        Assert.Equal(Amount, allowed);
    }

    [Fact]
    public async Task Partitions_are_spread_evenly_and_each_has_one_owner()
    {
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(3, 1);
        int[] counts = [.. cluster.Silos.Select(s => s.Hosting.Count)];
        Assert.Equal(OrleansTestCluster.Partitions, counts.Sum());
        // A third each, give or take five deviations of a fair die.
        Assert.All(counts, c => Assert.InRange(c, 16, 70));
    }

    [Fact]
    public async Task Checks_go_to_the_owner_which_decides_from_its_lease()
    {
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(2, 1_000_000);
        OrleansSilo asker = cluster.Silos[0];
        OrleansSilo owner = cluster.Silos[1];
        string key = Enumerable.Range(0, 1_000).Select(i => "key-" + i).First(k => owner.Hosting.IsHosted(Partition(k)));
        for (int i = 0; i < 300; i++)
        {
            Assert.True((await asker.CheckAsync(key)).Allowed);
        }
        Assert.Equal(0, asker.Grains.Runner.Commits);
        Assert.InRange(owner.Grains.Runner.Commits, 1, 150);
        Assert.Equal(1, owner.Leases.Desk.Held);
    }

    [Fact]
    public async Task A_silo_that_joins_takes_its_share_and_nothing_is_admitted_twice()
    {
        const int Amount = 2_000;
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(2, Amount);
        using var load = new ClusterLoad(() => cluster.Silos, keys: 8);
        await cluster.Cluster.StartAdditionalSiloAsync();
        await cluster.SettleAsync();
        Assert.Equal(3, cluster.Silos.Length);
        Assert.All(cluster.Silos, s => Assert.InRange(s.Hosting.Count, 16, 70));
        await load.StopAsync();
        Assert.All(load.AllowedByKey, n => Assert.InRange(n, 0, Amount));
        Assert.Equal(0, load.Unanswered);
    }

    [Fact]
    public async Task A_silo_that_stops_hands_its_partitions_and_permits_over()
    {
        const int Amount = 5_000;
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(3, Amount);
        using var load = new ClusterLoad(() => cluster.Silos, keys: 4);
        await load.RunAtLeastAsync(500);
        OrleansSilo leaving = cluster.Of(cluster.Cluster.Silos[^1]);
        await cluster.Cluster.StopSiloAsync(cluster.Cluster.Silos[^1]);
        await cluster.SettleAsync();
        await load.StopAsync();
        Assert.Equal(0, leaving.Hosting.Count);
        await leaving.SettleAsync();
        Assert.Equal(0, leaving.Leases.Desk.Held);
        Assert.Equal(OrleansTestCluster.Partitions, cluster.Silos.Sum(s => s.Hosting.Count));
        Assert.All(load.AllowedByKey, n => Assert.InRange(n, 0, Amount));
        Assert.Equal(0, load.Unanswered);
    }

    [Fact]
    public async Task Keys_of_a_silo_that_was_killed_answer_again_within_seconds_and_nothing_is_admitted_twice()
    {
        const int Amount = 3_000;
        await using OrleansTestCluster cluster = await OrleansTestCluster.StartAsync(3, Amount);
        using var load = new ClusterLoad(() => cluster.Silos, keys: 16);
        await load.RunAtLeastAsync(500);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[^1]);
        await cluster.SettleAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        await load.RunAtLeastAsync(500);
        await load.StopAsync();
        Assert.Equal(OrleansTestCluster.Partitions, cluster.Silos.Sum(s => s.Hosting.Count));
        Assert.All(load.AllowedByKey, n => Assert.InRange(n, 1, Amount));
    }

    private static int Partition(string key) => Cluster.Forwarding.PartitionNumber.Of("acme"u8, System.Text.Encoding.UTF8.GetBytes(key), OrleansTestCluster.Partitions);
}
