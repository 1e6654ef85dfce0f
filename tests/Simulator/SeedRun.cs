using System.Collections.Concurrent;
using System.Diagnostics;

namespace Quota.Simulator;

/// <summary>Many seeds on as many threads as there are processors, each seed on one.</summary>
internal sealed class SeedRun
{
    private const int StackBytes = 64 * 1024 * 1024;

    private long _steps;
    private long _admitted;
    private long _leases;
    private long _renewals;
    private int _next;
    private volatile bool _isOver;

    /// <summary>What was found, with the seeds.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    public string Summary { get; private set; } = "";

    /// <summary>Runs seeds.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="mutation">A bug that is planted in all of them.</param>
    /// <param name="stopsAtFirst">The first failure is enough.</param>
    public static SeedRun Of(int first, int count, Mutation mutation, bool stopsAtFirst)
    {
        var run = new SeedRun { _next = first - 1 };
        var clock = Stopwatch.StartNew();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        Thread[] threads = [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount)).Select(_ => new Thread(() => run.Work(first + count, mutation, stopsAtFirst), StackBytes))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        run.Summary = FormattableString.Invariant($"{count} seeds in {clock.Elapsed.TotalSeconds:F1} s ({(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:F1} s of processor): {run._steps} events, {run._admitted} requests admitted, {run._leases} leases, {run._renewals} renewals, {run.Failures.Count} failures");
        return run;
    }

    /// <summary>Runs one seed on a thread that belongs to nobody else: no test framework's context takes continuations away from it.</summary>
    /// <returns>What it found; null if nothing.</returns>
    public static Exception? One(Simulation simulation)
    {
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    simulation.Run();
                }
                catch (Exception e)
                {
                    failure = e;
                }
            },
            StackBytes);
        thread.Start();
        thread.Join();
        return failure;
    }

    private void Work(int end, Mutation mutation, bool stopsAtFirst)
    {
        for (int seed = Interlocked.Increment(ref _next); seed < end && !_isOver; seed = Interlocked.Increment(ref _next))
        {
            var simulation = new Simulation(seed, mutation);
            try
            {
                simulation.Run();
            }
            catch (Exception e)
            {
                Failures.Enqueue($"QUOTA_SIM_SEED={seed}: {(e is SimulationFailure ? e.Message : e.ToString())}");
                _isOver = stopsAtFirst;
            }
            Interlocked.Add(ref _steps, simulation.World.Steps);
            Interlocked.Add(ref _admitted, simulation.Admitted);
            Interlocked.Add(ref _leases, simulation.Granted);
            Interlocked.Add(ref _renewals, simulation.Renewed);
        }
    }
}
