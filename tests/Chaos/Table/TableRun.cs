using System.Diagnostics;
using System.Globalization;
using Quota.Chaos.Running;

namespace Quota.Chaos.Table;

/// <summary>The over-admission table: every situation, with and without leases, with one hot key per kind of limit. Beside the executor that is asked for stands one silo by itself.</summary>
internal sealed class TableRun
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly string _folder = Directory.CreateTempSubdirectory("quota-chaos-").FullName;
    private readonly TableResult _result = new();
    private ChaosOptions _options;
    private int _left;

    private TableRun(ChaosOptions options) => _options = options;

    /// <summary>Measures, prints, and answers the exit code: 0, or 1 if anything is not as promised or could not be measured.</summary>
    public static Task<int> RunAsync(ChaosOptions options) => new TableRun(options).RunAsync();

    private IEnumerable<Situation> Chosen => Situation.All.Where(s => _options.Only.Length == 0 || _options.Only.Contains(s.Name));

    private async Task<int> RunAsync()
    {
        try
        {
            await using ChaosStore store = await ChaosStore.StartAsync(_options.Store);
            _options = _options with { Amount = _options.Amount == 0 ? store.TableAmount : _options.Amount };
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chaos table: {_options.Executor} on {store.Name}, amount {_options.Amount} in 2 s, demand {HotKey.DemandPerSecond(_options):0}/s per key, at least {_options.Seconds} s a case; files in {_folder}"));
            _left = Chosen.Sum(s => s.IsForOne ? 3 : 2);
            await RunOneAsync();
            await RunManyAsync(store);
        }
        catch (Exception e) when (e is InvalidDataException or TimeoutException or IOException or InvalidOperationException or HttpRequestException)
        {
            _result.Faults.Add($"the run broke off, {_left} cases were not measured: {e.Message}");
        }
        string text = _result.Markdown();
        Console.WriteLine(text);
        if (_options.Out.Length > 0)
        {
            await File.WriteAllTextAsync(_options.Out, text);
        }
        _result.Faults.ForEach(f => Console.WriteLine("FAULT " + f));
        bool isRight = _result.Faults.Count == 0;
        if (isRight)
        {
            Directory.Delete(_folder, recursive: true);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chaos table: {(isRight ? "passed" : "FAILED")} after {Stopwatch.GetElapsedTime(_start).TotalMinutes:0.0} min{(isRight ? "" : $"; logs are kept in {_folder}")}"));
        return isRight ? 0 : 1;
    }

    private async Task RunOneAsync()
    {
        Situation[] situations = [.. Chosen.Where(s => s.IsForOne)];
        if (situations.Length == 0)
        {
            return;
        }
        await using ChaosCluster one = await ChaosCluster.StartAsync(new ClusterPlan(_folder, "one", HotKey.Configuration(_options)) { ClocksAheadSeconds = [0] });
        await WarmUpAsync(one);
        foreach (Situation situation in situations)
        {
            await MeasureAsync(one, situation, "local", isLeased: false);
        }
    }

    private async Task RunManyAsync(ChaosStore store)
    {
        var plan = new ClusterPlan(_folder, "even", HotKey.Configuration(_options)) { Store = store, Executor = _options.Executor };
        await RunAsync(plan, SiloSet.Even, [true, false]);
        if (ChaosSilo.ClockShifter is not null)
        {
            await RunAsync(plan with { Set = "skewed", ClocksAheadSeconds = [0, 1, 2] }, SiloSet.Skewed, [true, false]);
        }
        else if (Chosen.Any(s => s.Silos == SiloSet.Skewed))
        {
            _left -= 2;
            _result.Notes.Add("Clocks 2 s apart were not measured: no libfaketime (Debian: faketime).");
        }
        await RunAsync(plan with { Set = "growing1", ClocksAheadSeconds = new double[5], StartedAtFirst = 1 }, SiloSet.Growing, [true]);
        await RunAsync(plan with { Set = "growing2", ClocksAheadSeconds = new double[5], StartedAtFirst = 1 }, SiloSet.Growing, [false]);
    }

    private async Task RunAsync(ClusterPlan plan, SiloSet silos, bool[] leases)
    {
        Situation[] situations = [.. Chosen.Where(s => s.Silos == silos)];
        if (situations.Length == 0)
        {
            return;
        }
        Say($"starting {Math.Min(plan.StartedAtFirst, plan.ClocksAheadSeconds.Length)} of {plan.ClocksAheadSeconds.Length} silos");
        await using ChaosCluster cluster = await ChaosCluster.StartAsync(plan);
        // Until every silo has read the others' clocks.
        await Task.Delay(TimeSpan.FromSeconds(3));
        await WarmUpAsync(cluster);
        foreach (Situation situation in situations)
        {
            foreach (bool isLeased in leases)
            {
                await MeasureAsync(cluster, situation, isLeased ? _options.Executor + ", leases" : _options.Executor, isLeased);
            }
        }
    }

    private async Task MeasureAsync(ChaosCluster cluster, Situation situation, string executor, bool isLeased)
    {
        long since = Stopwatch.GetTimestamp();
        Say($"{situation.Name}, {executor} ({_left} to go)");
        CaseResult measured = await new CaseRun(_options, _result).MeasureAsync(cluster, situation, executor, isLeased);
        _left--;
        Say(string.Create(CultureInfo.InvariantCulture, $"    {Stopwatch.GetElapsedTime(since).TotalSeconds:0} s: {measured.Progress()}"));
    }

    private async Task WarmUpAsync(ChaosCluster cluster)
    {
        if (!await WarmUp.RunAsync(cluster))
        {
            _result.Notes.Add($"The silos of {cluster.Plan.Set} were not at rest a minute after their start: this machine or its store is too slow, and what callers saw says less of the faults.");
        }
    }

    private static void Say(string what) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss} {what}"));
}
