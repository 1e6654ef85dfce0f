using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Bench;

/// <summary>
/// From a check to its durable answer inside the process, at a fixed rate: decisions come when they are due, whether or not
/// earlier ones were answered, and their latency counts from when they were due.
/// </summary>
internal static class JournalBench
{
    private const string Part = "durable decision";
    private const int PerSecond = 100_000;
    private const int Keys = 10_000;

    public static async Task RunAsync(BenchContext context)
    {
        FileJournal journal = BenchJournal.Open(context);
        await using (journal)
        {
            var table = new KeyTable(new LayoutRegistry(), 1_000_000);
            var limiter = new Limiter(new CatalogState(BenchCatalog.Create(BenchCatalog.Plan(1))), new LocalExecutor(table, journal, null), new SystemClock(TimeProvider.System));
            var run = new OpenLoop(limiter, journal, PerSecond);
            await run.RunAsync(TimeSpan.FromSeconds(1));
            long[] latencies = await run.RunAsync(TimeSpan.FromSeconds(context.Quick ? 3 : 10));
            Array.Sort(latencies);
            string name = $"{PerSecond:N0}/s, {Keys:N0} keys, sync commit";
            context.Add(Measurement.AtMost(Part, name, "p50", Statistics.Percentile(latencies, 0.5) / 1000, "µs", 100));
            context.Add(Measurement.AtMost(Part, name, "p99", Statistics.Percentile(latencies, 0.99) / 1000, "µs", 300));
            context.Add(new(Part, name, "p99.9", Statistics.Percentile(latencies, 0.999) / 1000, "µs"));
            context.Add(new(Part, name, "max", latencies[^1] / 1000.0, "µs"));
        }
        context.Note("durable decision: open loop, counted from when the decision was due; the pacing thread takes up to one of the cores");
    }

    private sealed class OpenLoop(Limiter limiter, FileJournal journal, int perSecond)
    {
        private readonly byte[][] _names = [.. Enumerable.Range(0, Keys).Select(i => Encoding.UTF8.GetBytes($"customer-key-{i:D10}"))];
        private readonly Stack<Decision> _free = new();
        private long[] _latencies = [];
        private int _pending;

        /// <summary>Runs for this long on a thread of its own; returns each decision's latency in nanoseconds.</summary>
        public async Task<long[]> RunAsync(TimeSpan duration)
        {
            _latencies = new long[(int)(duration.TotalSeconds * perSecond)];
            var pacer = new Thread(Pace) { Priority = ThreadPriority.AboveNormal };
            pacer.Start();
            await Task.Run(pacer.Join);
            while (Volatile.Read(ref _pending) > 0)
            {
                await Task.Delay(1);
            }
            return _latencies;
        }

        private void Pace()
        {
            long start = Stopwatch.GetTimestamp();
            double ticksPerDecision = (double)Stopwatch.Frequency / perSecond;
            for (int i = 0; i < _latencies.Length; i++)
            {
                long due = start + (long)(i * ticksPerDecision);
                while (Stopwatch.GetTimestamp() < due)
                {
                    // Gives the core to whoever can use it.
                    Thread.Yield();
                }
                Interlocked.Increment(ref _pending);
                _ = DecideAsync(i, due);
                if (i % perSecond == 0)
                {
                    journal.Release(journal.ActiveSegment);
                }
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        private async ValueTask DecideAsync(int number, long due)
        {
            Decision decision = Rent();
            limiter.Begin(new CheckRequest { Namespace = "commit"u8, Key = _names[(int)(number * 2654435761L % Keys)], Cost = 1 }, limiter.Now(), decision);
            await limiter.CompleteAsync(decision).ConfigureAwait(false);
            _latencies[number] = (long)Stopwatch.GetElapsedTime(due).TotalNanoseconds;
            if (!decision.Allowed)
            {
                throw new InvalidOperationException($"not decided: {decision.ErrorMessage}");
            }
            lock (_free)
            {
                _free.Push(decision);
            }
            Interlocked.Decrement(ref _pending);
        }

        private Decision Rent()
        {
            lock (_free)
            {
                return _free.TryPop(out Decision? decision) ? decision : new Decision();
            }
        }
    }
}
