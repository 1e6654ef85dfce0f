using System.Diagnostics;
using System.Text;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Bench;

/// <summary>Decisions inside the process: limits × keys × threads, with and without the journal's append.</summary>
internal static class DecisionBench
{
    private const string Part = "decision in process";

    /// <summary>Below this an allocation happens once in a while (a contended lock makes its wait handle), not per decision.</summary>
    private const double AllocationNoiseBytes = 0.01;

    public static Task RunAsync(BenchContext context)
    {
        foreach (int keys in context.Quick ? new[] { 1, 100_000 } : [1, 100_000, 5_000_000])
        {
            foreach (int limits in keys > 1_000_000 ? new[] { 1 } : context.Quick ? [1, 3] : [1, 3, 10])
            {
                foreach (bool journaled in new[] { false, true })
                {
                    RunCase(context, keys, limits, journaled, keepsUsage: false);
                    RunCase(context, keys, limits, journaled, keepsUsage: true);
                }
            }
        }
        MeasureMemory(context, context.Quick ? 200_000 : 1_000_000, keepsUsage: false);
        MeasureMemory(context, context.Quick ? 200_000 : 1_000_000, keepsUsage: true);
        context.Note("decision in process: \"time\" is that of the median chunk of 1,024 decisions, so that other processes are not in it; every decision reads the clock, as a unary call does; keys are drawn with a Zipf distribution, of five million uniformly");
        context.Note($"decision in process, journal: the real journal on {BenchJournal.DiskOf(context)}; it commits back to back beside the loop, which is faster than a disk: while more than {DecisionLoop.LagMax:N0} decisions are not durable the loop waits, and this wait is not in \"time\" but is in \"sustained\"");
        return Task.CompletedTask;
    }

    private static void RunCase(BenchContext context, int keys, int limits, bool journaled, bool keepsUsage)
    {
        IJournal journal = journaled ? BenchJournal.Open(context) : new NoJournal();
        Limiter limiter = CreateLimiter(limits, journal, keepsUsage, out _);
        byte[][] names = Names(keys);
        int[] draws = keys == 1 ? new int[DecisionLoop.DrawCount] : keys > 1_000_000 ? ZipfSampler.DrawUniform(keys, DecisionLoop.DrawCount, 1) : ZipfSampler.Draw(keys, DecisionLoop.DrawCount, 1);
        new DecisionLoop(limiter, journal, names, draws, 0).TouchAll();
        foreach (int threads in new[] { 1, 2 })
        {
            DecisionLoop[] loops = [.. Enumerable.Range(0, threads).Select(t => new DecisionLoop(limiter, journal, names, draws, t * 7919))];
            DecisionLoop.RunAll(loops, TimeSpan.FromSeconds(context.Quick ? 0.3 : 1));
            long before = loops.Sum(l => l.Total);
            foreach (DecisionLoop loop in loops)
            {
                loop.Reset();
            }
            var clock = Stopwatch.StartNew();
            DecisionLoop.RunAll(loops, TimeSpan.FromSeconds(context.Quick ? 0.6 : 2));
            double sustained = (loops.Sum(l => l.Total) - before) / clock.Elapsed.TotalSeconds;
            string name = $"{limits} limits, {keys:N0} keys, {threads} threads{(keepsUsage ? ", usage" : "")}{(journaled ? ", journal" : "")}";
            double ns = loops.Average(l => l.Nanoseconds);
            double bytes = (double)loops.Sum(l => l.Allocated) / loops.Sum(l => l.Measured);
            context.Add(limits == 1 && threads == 1 && keys <= 100_000 ? Measurement.AtMost(Part, name, "time", ns, "ns", 250) : new(Part, name, "time", ns, "ns"));
            context.Add(Measurement.AtMost(Part, name, "allocated", bytes < AllocationNoiseBytes ? 0 : bytes, "B", 0));
            context.Add(new(Part, name, "sustained", sustained, "1/s"));
        }
        journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>What a key costs that was activated and is idle: everything the garbage collector holds for it.</summary>
    private static void MeasureMemory(BenchContext context, int keys, bool keepsUsage)
    {
        byte[][] names = Names(keys);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Limiter limiter = CreateLimiter(3, new NoJournal(), keepsUsage, out KeyTable table);
        Fill(limiter, names);
        foreach (Shard shard in table.Shards)
        {
            // As after a checkpoint.
            shard.DirtyBlocks = [];
        }
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        context.Add(Measurement.AtMost("memory", $"3 limits, {keys:N0} keys{(keepsUsage ? ", usage" : "")}", "per idle key", (double)bytes / keys, "B", 400));
        GC.KeepAlive(limiter);
    }

    private static Limiter CreateLimiter(int limits, IJournal journal, bool keepsUsage, out KeyTable table)
    {
        table = new KeyTable(new LayoutRegistry(), 20_000_000);
        return new Limiter(new CatalogState(BenchCatalog.Create(BenchCatalog.Plan(limits, keepsUsage))), new LocalExecutor(table, journal, null), new SystemClock(TimeProvider.System));
    }

    private static byte[][] Names(int keys) => [.. Enumerable.Range(0, keys).Select(i => Encoding.UTF8.GetBytes($"customer-key-{i:D10}"))];

    private static void Fill(Limiter limiter, byte[][] names)
    {
        var decision = new Decision();
        foreach (byte[] name in names)
        {
            // A cost of 0 activates the key and appends nothing.
            limiter.Begin(new CheckRequest { Namespace = DecisionLoop.Owner, Key = name, Cost = 0 }, limiter.Now(), decision);
        }
    }
}
