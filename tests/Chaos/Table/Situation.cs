using Quota.Chaos.Running;

namespace Quota.Chaos.Table;

/// <summary>What happens to the silos while they are loaded.</summary>
/// <param name="Name">As it is called in the table.</param>
/// <param name="HappensAsync">Begins after a second and a half of load; the load goes on for two seconds after it.</param>
/// <param name="IsForOne">Whether it can happen to a silo by itself.</param>
/// <param name="IsSkewed">Whether the clocks differ.</param>
/// <param name="IsForDynamo">Whether it can happen to DynamoDB only.</param>
internal sealed record Situation(string Name, Func<ChaosCluster, Task> HappensAsync, bool IsForOne = true, bool IsSkewed = false, bool IsForDynamo = false)
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(4.5);

    public static readonly Situation[] All =
    [
        new("steady", _ => Task.CompletedTask),
        new("rolling deploy", RollAsync),
        new("kill -9", KillAsync),
        new("partition", PartitionAsync, IsForOne: false),
        new("pause", PauseAsync),
        new("store away for 30 s", AwayAsync, IsForOne: false),
        new("store throttles 4 of 5", ThrottleAsync, IsForOne: false, IsForDynamo: true),
        new("clocks 2 s apart", _ => Task.CompletedTask, IsForOne: false, IsSkewed: true),
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

    /// <summary>One silo cannot reach the store for longer than its leases last.</summary>
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
        Array.ForEach(cluster.Silos, s => s.Proxy!.Cut());
        await Task.Delay(TimeSpan.FromSeconds(30));
        Array.ForEach(cluster.Silos, s => s.Proxy!.Heal());
    }

    private static async Task ThrottleAsync(ChaosCluster cluster)
    {
        cluster.Store!.Throttle(0.8);
        await Task.Delay(Long);
        cluster.Store.Throttle(0);
    }
}
