using System.Globalization;
using Quota.Chaos.Running;

namespace Quota.Chaos.Faults;

/// <summary>A kind of fault. It is over, and what it hit is back, when it completes.</summary>
/// <param name="Name">As it is printed.</param>
/// <param name="HappensAsync">Does it; answers what exactly.</param>
internal sealed record Fault(string Name, Func<ChaosCluster, Random, Task<string>> HappensAsync)
{
    /// <summary>The faults that this store can have.</summary>
    public static List<Fault> For(ChaosStore store, int awaySeconds)
    {
        List<Fault> kinds =
        [
            new("kill -9", KillAsync),
            new("stop and start", StopAsync),
            new("pause", PauseAsync),
            new("cut from the store", CutAsync),
            new("cut, then kill -9", CutAndKillAsync),
            new("connections to the store reset", ResetAsync),
            new("store away", (cluster, random) => AwayAsync(cluster, random, awaySeconds)),
            new("store throttled", ThrottleAsync),
        ];
        if (store.IsPostgres)
        {
            kinds.Add(new Fault("store crashes and restarts", async (cluster, _) =>
            {
                await cluster.Store!.RestartAsync();
                return "at once";
            }));
        }
        return kinds;
    }

    private static async Task<string> KillAsync(ChaosCluster cluster, Random random)
    {
        ChaosSilo silo = Any(cluster, random);
        silo.Kill();
        TimeSpan away = await WaitAsync(random, 0, 2);
        await silo.StartAsync();
        return $"{silo.Name}, down for {Text(away)} and its start";
    }

    private static async Task<string> StopAsync(ChaosCluster cluster, Random random)
    {
        ChaosSilo silo = Any(cluster, random);
        await silo.StopAsync();
        await silo.StartAsync();
        return silo.Name;
    }

    private static async Task<string> PauseAsync(ChaosCluster cluster, Random random)
    {
        ChaosSilo silo = Any(cluster, random);
        silo.Pause();
        TimeSpan away = await WaitAsync(random, 1, 6);
        silo.Resume();
        return $"{silo.Name}, for {Text(away)}";
    }

    private static async Task<string> CutAsync(ChaosCluster cluster, Random random)
    {
        ChaosSilo silo = Any(cluster, random);
        silo.Proxy!.Cut();
        TimeSpan away = await WaitAsync(random, 1, 6);
        silo.Proxy.Heal();
        return $"{silo.Name}, for {Text(away)}";
    }

    /// <summary>What it has spent of its leases is in its journal alone.</summary>
    private static async Task<string> CutAndKillAsync(ChaosCluster cluster, Random random)
    {
        ChaosSilo silo = Any(cluster, random);
        silo.Proxy!.Cut();
        TimeSpan cut = await WaitAsync(random, 0.3, 2);
        silo.Kill();
        silo.Proxy.Heal();
        TimeSpan away = await WaitAsync(random, 0, 3);
        await silo.StartAsync();
        return $"{silo.Name}, cut for {Text(cut)}, down for {Text(away)} and its start";
    }

    private static async Task<string> ResetAsync(ChaosCluster cluster, Random random)
    {
        int times = random.Next(2, 6);
        for (int i = 0; i < times; i++)
        {
            Any(cluster, random).Proxy!.Reset();
            await WaitAsync(random, 0.1, 0.5);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{times} times");
    }

    private static async Task<string> AwayAsync(ChaosCluster cluster, Random random, int seconds)
    {
        cluster.CutStore();
        TimeSpan away = await WaitAsync(random, seconds * 0.8, seconds);
        cluster.HealStore();
        return $"for {Text(away)}";
    }

    private static async Task<string> ThrottleAsync(ChaosCluster cluster, Random random)
    {
        double part = 0.3 + (0.6 * random.NextDouble());
        cluster.Throttle(part);
        TimeSpan away = await WaitAsync(random, 2, 6);
        cluster.Throttle(0);
        return string.Create(CultureInfo.InvariantCulture, $"by {part:0%} for {Text(away)}");
    }

    private static ChaosSilo Any(ChaosCluster cluster, Random random) => cluster.Silos[random.Next(cluster.Silos.Length)];

    private static async Task<TimeSpan> WaitAsync(Random random, double least, double most)
    {
        TimeSpan wait = TimeSpan.FromSeconds(least + ((most - least) * random.NextDouble()));
        await Task.Delay(wait);
        return wait;
    }

    private static string Text(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
