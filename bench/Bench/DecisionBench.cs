using System.Diagnostics;
using System.Text;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Bench;

/// <summary>Decisions inside the process: limits × keys × threads, with and without the journal's append.</summary>
internal static class DecisionBench
{
    private const int DrawCount = 1 << 20;
    private const string Part = "decision in process";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(2);

    public static IEnumerable<Measurement> Run(BenchOptions options, Func<IJournal> openJournal)
    {
        foreach (int keys in options.Quick ? new[] { 1, 100_000 } : [1, 100_000, 5_000_000])
        {
            foreach (int limits in keys > 1_000_000 ? new[] { 1 } : [1, 3, 10])
            {
                foreach (bool journaled in new[] { false, true })
                {
                    foreach (int threads in new[] { 1, 2 })
                    {
                        foreach (Measurement m in RunCase(keys, limits, threads, journaled ? openJournal : () => new NoJournal()))
                        {
                            yield return m with { Case = m.Case + (journaled ? ", journal" : "") };
                        }
                    }
                }
            }
        }
    }

    private static List<Measurement> RunCase(int keys, int limits, int threads, Func<IJournal> openJournal)
    {
        IJournal journal = openJournal();
        var table = new KeyTable(new LayoutRegistry(), 20_000_000);
        PlanModel plan = Plan(limits);
        var owner = new NamespaceModel("bench")
        {
            Plans = new Utf8Map<PlanModel>([KeyValuePair.Create(plan.Name, plan)]),
            Keys = new Utf8Map<KeyModel>([]),
            DefaultPlan = plan,
            UnknownKeys = UnknownKeyPolicy.DefaultPlan,
        };
        var limiter = new Limiter(new CatalogState(new CatalogModel([owner])), new LocalExecutor(table, journal, null), new SystemClock(TimeProvider.System));
        byte[][] names = [.. Enumerable.Range(0, keys).Select(i => Encoding.UTF8.GetBytes($"customer-key-{i:D10}"))];
        int[] draws = keys == 1 ? new int[DrawCount] : keys > 1_000_000 ? ZipfSampler.DrawUniform(keys, DrawCount, 1) : ZipfSampler.Draw(keys, DrawCount, 1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Fill(limiter, names);
        long perKey = (GC.GetTotalMemory(forceFullCollection: true) - before) / keys;
        Loop(limiter, names, draws, 0, WarmUp, out _);
        var counts = new long[threads];
        var allocated = new long[threads];
        var clock = Stopwatch.StartNew();
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(t => new Thread(() => counts[t] = Loop(limiter, names, draws, t * 7919, Measured, out allocated[t])))];
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
        double seconds = clock.Elapsed.TotalSeconds;
        string name = $"{limits} limits, {keys:N0} keys, {threads} thr";
        double ns = seconds * 1e9 * threads / counts.Sum();
        var result = new List<Measurement>
        {
            limits == 1 && threads == 1 && keys <= 100_000 ? Measurement.AtMost(Part, name, "time", ns, "ns", 250) : new(Part, name, "time", ns, "ns"),
            Measurement.AtMost(Part, name, "allocated", (double)allocated.Sum() / counts.Sum(), "B/decision", 0),
        };
        if (keys >= 100_000 && limits == 3 && threads == 1)
        {
            result.Add(Measurement.AtMost(Part, name, "memory per key", perKey, "B", 400));
        }
        journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return result;
    }

    /// <summary>The first is a sliding window; of three, one of each common kind; ten are sliding windows of different lengths.</summary>
    private static PlanModel Plan(int limits) => new("p", limits switch
    {
        1 => [LimitModel.SlidingWindow("rate", 1_000_000_000, 1_000_000_000)],
        3 => [LimitModel.SlidingWindow("rate", 1_000_000_000, 1_000_000_000), LimitModel.TokenBucket("burst", 1_000_000_000, 1_000_000_000, 1_000_000_000), LimitModel.Quota("month", 1_000_000_000_000, new CalendarRule(CalendarUnit.Month))],
        _ => [.. Enumerable.Range(1, limits).Select(i => LimitModel.SlidingWindow("rate" + i, 1_000_000_000_000, i * 1_000_000_000L))],
    });

    private static void Fill(Limiter limiter, byte[][] names)
    {
        var decision = new Decision();
        foreach (byte[] name in names)
        {
            Check(limiter, name, limiter.Now(), decision, 0);
        }
    }

    private static long Loop(Limiter limiter, byte[][] names, int[] draws, int start, TimeSpan duration, out long allocated)
    {
        var decision = new Decision();
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        long count = 0;
        int position = start;
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        while (Stopwatch.GetTimestamp() < end)
        {
            for (int i = 0; i < 1024; i++)
            {
                // Every decision reads the clock, as a unary call does.
                Check(limiter, names[draws[position++ & (DrawCount - 1)]], limiter.Now(), decision, 1);
            }
            count += 1024;
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        return count;
    }

    private static void Check(Limiter limiter, byte[] name, in Instant now, Decision decision, long cost)
    {
        var request = new CheckRequest { Namespace = "bench"u8, Key = name, Cost = cost };
        limiter.Begin(request, now, decision);
        if (!decision.Allowed)
        {
            // With a journal the loop is faster than any disk; it waits when told to, as a caller would.
            while (decision.Status == DecisionStatus.Overloaded)
            {
                Thread.Yield();
                limiter.Begin(request, now, decision);
            }
        }
    }
}
