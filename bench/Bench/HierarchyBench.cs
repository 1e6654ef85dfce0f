using System.Diagnostics;
using System.Text;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Bench;

/// <summary>
/// Decisions on keys with keys above them: what a level costs, and whether a parent that every decision counts on makes its children
/// wait for each other. Inside the process, without the journal, so that nothing else is shared; in turns.
/// </summary>
internal static class HierarchyBench
{
    private const string Part = "hierarchy";
    private const int Keys = 10_000;
    private const int CustomersOfReseller = 100;
    private const string Alone = "no parents";
    private const string OwnParent = "a parent each";
    private const string HotParent = "one parent for all";
    private const string ThreeLevels = "3 keys and the namespace";

    public static Task RunAsync(BenchContext context)
    {
        byte[][] names = [.. Enumerable.Range(0, Keys).Select(i => Encoding.UTF8.GetBytes($"customer-key-{i:D10}"))];
        int[] draws = ZipfSampler.DrawUniform(Keys, DecisionLoop.DrawCount, 1);
        string[] cases = [Alone, OwnParent, HotParent, ThreeLevels];
        var limiters = cases.ToDictionary(c => c, c => CreateLimiter(c, names));
        var times = new Dictionary<(string Case, int Threads), List<(double Ns, double PerSecond)>>();
        var journal = new NoJournal();
        foreach (Limiter limiter in limiters.Values)
        {
            new DecisionLoop(limiter, journal, names, draws, 0).TouchAll();
        }
        // The first round warms up and is not counted.
        int rounds = context.Quick ? 3 : 7;
        for (int round = 0; round <= rounds; round++)
        {
            foreach ((string name, int threads) in cases.SelectMany(c => new[] { (c, 1), (c, 2) }))
            {
                (double, double) measured = Measure(limiters[name], journal, names, draws, threads, TimeSpan.FromSeconds(context.Quick ? 0.3 : 1));
                if (round > 0)
                {
                    (times.TryGetValue((name, threads), out List<(double, double)>? list) ? list : times[(name, threads)] = []).Add(measured);
                }
            }
        }
        foreach (string name in cases)
        {
            ReportCase(context, $"{name}, {Keys:N0} keys", times[(name, 1)], times[(name, 2)]);
        }
        double[] ratios = [.. times[(HotParent, 2)].Zip(times[(OwnParent, 2)], (hot, own) => hot.PerSecond / own.PerSecond)];
        context.Add(Measurement.AtLeast(Part, $"{HotParent} against {OwnParent}, 2 threads", "of the decisions", Statistics.Median(ratios), "×", 0.7));
        double level = Statistics.Median(times[(OwnParent, 1)].Zip(times[(Alone, 1)], (own, alone) => own.Ns - alone.Ns));
        context.Add(new(Part, $"{OwnParent} against {Alone}, 1 thread", "cost of the level", level, "ns"));
        context.Note($"hierarchy: one sliding window and usage on every level, keys drawn uniformly, medians of {rounds} interleaved rounds; the ratio is of two cases of the same round. All gates of a check are taken before its levels are evaluated and released after all are counted, so a parent's gate is held for less than the time of one decision");
        return Task.CompletedTask;
    }

    private static void ReportCase(BenchContext context, string name, List<(double Ns, double PerSecond)> one, List<(double Ns, double PerSecond)> two)
    {
        context.Add(new(Part, name, "1 thread", Statistics.Median(one.Select(m => m.Ns)), "ns"));
        context.Add(new(Part, name, "2 threads", Statistics.Median(two.Select(m => m.Ns)), "ns"));
        context.Add(new(Part, name, "1 thread", Statistics.Median(one.Select(m => m.PerSecond)), "1/s"));
        context.Add(new(Part, name, "2 threads", Statistics.Median(two.Select(m => m.PerSecond)), "1/s"));
        context.Add(new(Part, name, "2 threads to 1", Statistics.Median(two.Zip(one, (t, o) => t.PerSecond / o.PerSecond)), "×"));
    }

    private static (double Ns, double PerSecond) Measure(Limiter limiter, IJournal journal, byte[][] names, int[] draws, int threads, TimeSpan duration)
    {
        DecisionLoop[] loops = [.. Enumerable.Range(0, threads).Select(t => new DecisionLoop(limiter, journal, names, draws, t * 7919))];
        var clock = Stopwatch.StartNew();
        DecisionLoop.RunAll(loops, duration);
        double seconds = clock.Elapsed.TotalSeconds;
        return (loops.Average(l => l.Nanoseconds), loops.Sum(l => l.Total) / seconds);
    }

    private static Limiter CreateLimiter(string shape, byte[][] names)
    {
        PlanModel plan = BenchCatalog.Plan(1, keepsUsage: true);
        KeyState? root = shape == ThreeLevels ? new KeyState([], new KeyModel("", plan)) : null;
        KeyState shared = Key("reseller", root);
        KeyState[] customers = [.. Enumerable.Range(0, CustomersOfReseller).Select(i => Key($"customer-{i}", shared))];
        var keys = new List<KeyValuePair<string, KeyState>>();
        for (int i = 0; i < names.Length; i++)
        {
            string name = Encoding.UTF8.GetString(names[i]);
            KeyState? parent = shape switch
            {
                OwnParent => Key($"parent-{i}", null),
                HotParent => shared,
                ThreeLevels => customers[i % customers.Length],
                _ => null,
            };
            keys.Add(KeyValuePair.Create(name, Key(name, parent)));
        }
        var owner = new NamespaceModel(BenchCatalog.OsNamespace)
        {
            Plans = new Utf8Map<PlanModel>([KeyValuePair.Create(plan.Name, plan)]),
            Keys = new Utf8Map<KeyState>(keys),
            Root = root,
            Sync = SyncMode.Os,
        };
        var table = new KeyTable(new LayoutRegistry(), 1_000_000);
        return new Limiter(new CatalogState(new CatalogModel([owner])), new LocalExecutor(table, new NoJournal(), null), new SystemClock(TimeProvider.System));

        KeyState Key(string name, KeyState? above) => new(name, new KeyModel(name, plan) { Above = above });
    }
}
