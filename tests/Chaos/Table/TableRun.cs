using System.Globalization;
using Quota.Chaos.Running;

namespace Quota.Chaos.Table;

/// <summary>The over-admission table: every situation, for every executor, with one hot key per kind of limit.</summary>
internal static class TableRun
{
    /// <summary>What any silo must get of a hot key's permits while all are asked for alike, in percent.</summary>
    private const double ShareMin = 15;

    public static async Task<int> RunAsync(ChaosOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("quota-chaos-").FullName;
        var result = new TableResult();
        try
        {
            await using ChaosStore store = await ChaosStore.StartAsync(options.Store);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chaos table: {store.Name}, amount {options.Amount} in 2 s, demand {HotKey.DemandPerSecond(options):0}/s per key, at least {options.Seconds} s a case; files in {folder}"));
            await RunOneAsync(folder, options, result);
            await RunManyAsync(folder, store, options, result);
        }
        catch (Exception e) when (e is InvalidDataException or TimeoutException or IOException or InvalidOperationException)
        {
            Console.WriteLine($"the run broke off: {e.Message}; files are kept in {folder}");
            return 1;
        }
        string text = result.Markdown();
        Console.WriteLine(text);
        if (options.Out.Length > 0)
        {
            await File.WriteAllTextAsync(options.Out, text);
        }
        if (result.Faults.Count == 0)
        {
            Directory.Delete(folder, recursive: true);
        }
        result.Faults.ForEach(f => Console.WriteLine("FAULT " + f));
        Console.WriteLine(result.Faults.Count == 0 ? "chaos table: passed" : $"chaos table: FAILED; logs are kept in {folder}");
        return result.Faults.Count == 0 ? 0 : 1;
    }

    private static async Task RunOneAsync(string folder, ChaosOptions options, TableResult result)
    {
        await using ChaosCluster one = await ChaosCluster.StartAsync(folder, null, "one", HotKey.Configuration(options), 0);
        foreach (Situation situation in Chosen(options).Where(s => s.IsForOne))
        {
            await MeasureAsync(one, situation, "local", "exact", options, result);
        }
    }

    private static async Task RunManyAsync(string folder, ChaosStore store, ChaosOptions options, TableResult result)
    {
        foreach (bool isSkewed in new[] { false, true })
        {
            Situation[] situations = [.. Chosen(options).Where(s => s.IsSkewed == isSkewed && (!s.IsForDynamo || store.CanThrottle))];
            if (situations.Length == 0)
            {
                continue;
            }
            if (isSkewed && ChaosSilo.ClockShifter is null)
            {
                result.Notes.Add("Clocks 2 s apart were not measured: no libfaketime (Debian: faketime).");
                continue;
            }
            double[] clocks = isSkewed ? [0, 1, 2] : [0, 0, 0];
            await using ChaosCluster cluster = await ChaosCluster.StartAsync(folder, store, isSkewed ? "skewed" : "even", HotKey.Configuration(options), clocks);
            // Until every silo has read the others' clocks.
            await Task.Delay(TimeSpan.FromSeconds(3));
            foreach (Situation situation in situations)
            {
                await MeasureAsync(cluster, situation, "shared, leases", "leased", options, result);
                await MeasureAsync(cluster, situation, "shared", "exact", options, result);
            }
        }
    }

    private static IEnumerable<Situation> Chosen(ChaosOptions options) => Situation.All.Where(s => options.Only.Length == 0 || s.Name == options.Only);

    private static async Task MeasureAsync(ChaosCluster cluster, Situation situation, string executor, string owner, ChaosOptions options, TableResult result)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss} {situation.Name}, {executor}"));
        using var stop = new CancellationTokenSource();
        var load = new HotLoad(cluster, options, owner, situation.Name);
        Task loading = load.RunAsync(stop.Token);
        Task enough = Task.Delay(TimeSpan.FromSeconds(options.Seconds));
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        try
        {
            await situation.HappensAsync(cluster);
            await Task.WhenAll(enough, Task.Delay(TimeSpan.FromSeconds(2)));
        }
        finally
        {
            await stop.CancelAsync();
            await loading;
        }
        cluster.CheckAlive();
        for (int i = 0; i < options.Plant; i++)
        {
            Admission first = load.Admissions[0][0];
            load.Admissions[0].Add(first);
        }
        result.Rows.AddRange(TableRow.Of(situation.Name, executor, owner == "leased", cluster.Silos.Length, load, options));
        result.Callers.AddRange(CallerRow.Of(situation.Name, executor, load));
        if (situation.Name == "steady" && cluster.Silos.Length > 1)
        {
            foreach ((string limit, double[] percent) in CallerRow.Shares(load))
            {
                result.Shares.Add($"| {executor} | {limit} | {string.Join(" | ", percent.Select(p => p.ToString("0.0", CultureInfo.InvariantCulture)))} |");
                if (percent.Min() < ShareMin)
                {
                    result.Faults.Add($"{executor}, {limit}: a silo got {percent.Min():0.0} % of the permits");
                }
            }
        }
        result.Faults.AddRange(result.Rows.Where(r => r.IsBroken && r.Situation == situation.Name && r.Executor == executor).Select(r => r.Markdown()));
        result.Faults.AddRange(load.Counts.Where(c => c.Other > 0).Select(c => $"{situation.Name}, {executor}: {c.Other} answers of an unexpected status"));
        result.Faults.AddRange(load.Admissions.Index().Where(a => a.Item.Count == 0).Select(a => $"{situation.Name}, {executor}: nothing was admitted of the {HotKey.All[a.Index].Limit}"));
    }
}
