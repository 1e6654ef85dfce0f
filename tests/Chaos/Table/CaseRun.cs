using System.Globalization;
using Quota.Chaos.Running;

namespace Quota.Chaos.Table;

/// <summary>
/// One situation on running silos: 1. load; 2. what happens, in the midst of it; 3. load again, then everything that is under way is
/// answered; 4. nothing unsettled any more; 5. the judgement.
/// </summary>
internal sealed class CaseRun(ChaosOptions options, TableResult result)
{
    /// <summary>
    /// What any silo must get of a hot key's permits in peace, ÷ its part of all decisions: three that are asked alike and decide alike get 15 % at least.
    /// A silo that decides less, because its machine or store is too slow for the load, cannot admit as much.
    /// </summary>
    private const double ShareMin = 0.45;

    /// <summary>More than this without a decision in peace, and the load was too much for the machine or the store.</summary>
    private const double ErrorsOfPeaceMax = 0.02;

    private static readonly TimeSpan LoadBefore = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LoadAfter = TimeSpan.FromSeconds(2);

    /// <summary>Measures it, and adds what it has shown to the result.</summary>
    /// <param name="cluster">The silos.</param>
    /// <param name="situation">What happens to them.</param>
    /// <param name="executor">As the table calls it.</param>
    /// <param name="isLeased">Whether silos decide from leases.</param>
    /// <exception cref="InvalidDataException">It could not be measured.</exception>
    public async Task<CaseResult> MeasureAsync(ChaosCluster cluster, Situation situation, string executor, bool isLeased)
    {
        string owner = isLeased ? "leased" : "exact";
        var usage = new UsageReader(cluster, DateTimeOffset.UtcNow);
        HotLoad load = await LoadAsync(cluster, situation, owner);
        cluster.CheckAlive();
        for (int i = 0; i < options.Plant; i++)
        {
            load.Admissions[0].Add(load.Admissions[0][0]);
        }
        CaseBilling[] billing = await BillAsync(cluster, situation, $"{situation.Name}, {executor}", owner, load, usage);
        TableRow[] rows = TableRow.Of(situation, executor, isLeased ? cluster.Holders : 0, load, options);
        var measured = CaseResult.Of(situation, executor, rows, billing, load, options);
        result.Cases.Add(measured);
        Judge(cluster, measured, load);
        return measured;
    }

    private async Task<HotLoad> LoadAsync(ChaosCluster cluster, Situation situation, string owner)
    {
        using var stop = new CancellationTokenSource();
        var load = new HotLoad(cluster, options, owner, situation);
        Task loading = load.RunAsync(stop.Token);
        Task enough = Task.Delay(TimeSpan.FromSeconds(options.Seconds));
        await Task.Delay(LoadBefore);
        try
        {
            await situation.HappensAsync(cluster);
            await Task.WhenAll(enough, Task.Delay(LoadAfter));
        }
        finally
        {
            await stop.CancelAsync();
            await loading;
        }
        return load;
    }

    /// <summary>
    /// A silo that has left for good, and could not reach the store to settle its leases when it left, has what it spent in its journal:
    /// it is started once more, which is said in the table, and nobody asks it.
    /// </summary>
    private async Task<CaseBilling[]> BillAsync(ChaosCluster cluster, Situation situation, string where, string owner, HotLoad load, UsageReader usage)
    {
        int silo = cluster.InService[0];
        async Task BringBackAsync(long unsettled)
        {
            result.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{where}: {unsettled:N0} units were unsettled until silos that had left were started once more: the store was too slow for them to settle when they left."));
            await Task.WhenAll(cluster.Silos.Where((_, i) => !cluster.InService.Contains(i)).Select(s => s.StartAsync()));
        }
        await usage.WaitUntilSettledAsync(silo, [.. HotKey.All.Select(k => (owner, k.In(situation)))], situation.Silos == SiloSet.Growing ? BringBackAsync : null);
        var billing = new CaseBilling[HotKey.All.Length];
        for (int key = 0; key < billing.Length; key++)
        {
            (long billed, _) = await usage.ReadAsync(silo, owner, HotKey.All[key].In(situation));
            billing[key] = new CaseBilling(HotKey.All[key].Limit, load.Admissions[key].Count, load.Unknown[key], billed);
        }
        return billing;
    }

    private void Judge(ChaosCluster cluster, CaseResult measured, HotLoad load)
    {
        string where = $"{measured.Situation.Name}, {measured.Executor}";
        result.Faults.AddRange(measured.Rows.Where(r => r.IsBroken).Select(r => r.Markdown()));
        result.Faults.AddRange(measured.Billing.Where(b => !b.IsRight).Select(b => $"{where}: {b}"));
        result.Faults.AddRange(load.Counts.Where(c => c.Other > 0).Select(c => $"{where}: {c.Other} answers of an unexpected status"));
        result.Faults.AddRange(load.Admissions.Index().Where(a => a.Item.Count == 0).Select(a => $"{where}: nothing was admitted of the {HotKey.All[a.Index].Limit}"));
        if (measured.Situation.Name != Situation.Peace || cluster.Silos.Length == 1)
        {
            return;
        }
        if (measured.Errors > ErrorsOfPeaceMax)
        {
            result.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{where}: {measured.Errors:0.0 %} of the calls got no decision in peace: the load is too much for this machine or its store, and what callers saw says less of the faults (--amount lowers it)."));
        }
        double decided = Math.Max(1, load.Counts.Sum(c => c.Decided.Count));
        foreach ((string limit, double[] percent) in CallerRow.Shares(load))
        {
            result.Shares.Add($"| {measured.Executor} | {limit} | {string.Join(" | ", percent.Select(p => p.ToString("0.0", CultureInfo.InvariantCulture)))} |");
            result.Faults.AddRange(percent.Index().Where(p => p.Item < 100 * ShareMin * load.Counts[p.Index].Decided.Count / decided)
                .Select(p => string.Create(CultureInfo.InvariantCulture, $"{where}: {cluster.Silos[p.Index].Name} got {p.Item:0.0} % of the permits of the {limit} with {100 * load.Counts[p.Index].Decided.Count / decided:0.0} % of the decisions")));
        }
    }
}
