using Quota.Chaos.Running;

namespace Quota.Chaos.Table;

/// <summary>What happens to the silos while they are loaded.</summary>
/// <param name="Name">As it is called in the table.</param>
/// <param name="What">What exactly happens, for who reads the table.</param>
/// <param name="HappensAsync">Begins after a second and a half of load; the load goes on for two seconds after it.</param>
/// <param name="IsForOne">Whether it can happen to a silo by itself.</param>
/// <param name="Silos">Which silos it happens to.</param>
internal sealed record Situation(string Name, string What, Func<ChaosCluster, Task> HappensAsync, bool IsForOne = true, SiloSet Silos = SiloSet.Even)
{
    public const string Peace = "steady";

    private const double Throttled = 0.8;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(4.5);

    public static readonly Situation[] All =
    [
        new(Peace, "nothing", _ => Task.CompletedTask),
        new("rolling deploy", "one silo after the other is stopped (TERM) and started again", RollAsync),
        new("kill -9", "the first silo is killed and started again at once", KillAsync),
        new("partition", "the first silo cannot reach the store for 4.5 s", PartitionAsync, IsForOne: false),
        new("pause", "the first silo is stopped (SIGSTOP) for 4.5 s, beyond its leases", PauseAsync),
        new("store away 30 s", "no silo reaches the store for 30 s", AwayAsync, IsForOne: false),
        new("store throttled", "for 4.5 s DynamoDB refuses 4 of 5 requests (ProvisionedThroughputExceededException); PostgreSQL's answers are each held back for 0.2 s", ThrottleAsync, IsForOne: false),
        new("clocks 2 s apart", "the silos' clocks are 0, 1 and 2 s ahead; the sliding window is judged over 1 s, a sign of life less than its 2 s", _ => Task.CompletedTask, IsForOne: false, SiloSet.Skewed),
        new("scale 1 to 5 to 2", "one silo under load; four join at once; 4.5 s later three are stopped (TERM) one after the other, the first of all among them", ScaleAsync, IsForOne: false, SiloSet.Growing),
    ];

    private static async Task RollAsync(ChaosCluster cluster)
    {
        foreach (ChaosSilo silo in cluster.Silos)
        {
            await silo.StopAsync();
            await silo.StartAsync();
        }
    }

    private static async Task KillAsync(ChaosCluster cluster)
    {
        cluster.Silos[0].Kill();
        await cluster.Silos[0].StartAsync();
    }

    /// <summary>For longer than leases last.</summary>
    private static async Task PartitionAsync(ChaosCluster cluster)
    {
        cluster.Silos[0].Proxy!.Cut();
        await Task.Delay(Long);
        cluster.Silos[0].Proxy!.Heal();
    }

    private static async Task PauseAsync(ChaosCluster cluster)
    {
        cluster.Silos[0].Pause();
        await Task.Delay(Long);
        cluster.Silos[0].Resume();
    }

    private static async Task AwayAsync(ChaosCluster cluster)
    {
        cluster.CutStore();
        await Task.Delay(TimeSpan.FromSeconds(30));
        cluster.HealStore();
    }

    private static async Task ThrottleAsync(ChaosCluster cluster)
    {
        cluster.Throttle(Throttled);
        await Task.Delay(Long);
        cluster.Throttle(0);
    }

    private static async Task ScaleAsync(ChaosCluster cluster)
    {
        await Task.WhenAll(Enumerable.Range(1, 4).Select(cluster.JoinAsync));
        await Task.Delay(Long);
        for (int silo = 0; silo < 3; silo++)
        {
            await cluster.LeaveAsync(silo);
        }
    }
}
