using Quota.Bench.Load;
using Quota.Bench.Servers;

namespace Quota.Bench;

/// <summary>What a caller waits for at half of saturation, with every accepted decision synced before it is answered.</summary>
internal static class LatencyBench
{
    private const string Part = "latency at half load";
    private static readonly LoadShape Shape = new(4, 16);

    public static async Task RunAsync(BenchContext context)
    {
        if (!Tools.Has(H2Load.Program, Part, context))
        {
            return;
        }
        string folder = context.NewFolder("latency");
        string log = Path.Combine(folder, "h2load.log");
        string body = await UnaryBench.WriteBodyAsync(folder, BenchCatalog.CommitNamespace);
        using ServerProcess silo = await ServerProcess.StartSiloAsync(Path.Combine(folder, "data"));
        using var probe = new GrpcProbe();
        await probe.MustAllowAsync(silo.Port, UnaryBench.CheckPath, UnaryBench.Body(BenchCatalog.CommitNamespace));
        var duration = TimeSpan.FromSeconds(context.Quick ? 2 : 5);
        H2Load.Run(silo, UnaryBench.CheckPath, body, Shape, duration, log);
        LoadResult full = H2Load.Run(silo, UnaryBench.CheckPath, body, Shape, duration, log);
        int ratePerClient = (int)(full.PerSecond / 2 / Shape.Clients);
        List<LoadResult> rounds = [.. Enumerable.Range(0, context.Quick ? 1 : 3).Select(_ => H2Load.Run(silo, UnaryBench.CheckPath, body, Shape, duration, log, ratePerClient))];
        string name = $"{Shape} CheckQuota, sync commit";
        context.Add(new(Part, name, "saturation", full.PerSecond, "1/s"));
        context.Add(new(Part, name, "throughput", Statistics.Median(rounds.Select(r => r.PerSecond)), "1/s"));
        context.Add(Measurement.AtMost(Part, name, "p50", Statistics.Median(rounds.Select(r => r.P50Us)), "µs", 300));
        context.Add(Measurement.AtMost(Part, name, "p99", Statistics.Median(rounds.Select(r => r.P99Us)), "µs", 1_000));
        context.Add(Measurement.AtMost(Part, name, "p99.9", Statistics.Median(rounds.Select(r => r.P999Us)), "µs", 3_000));
        context.Add(new(Part, name, "server CPU", Statistics.Median(rounds.Select(r => r.ProcessorUs)), "µs/call"));
    }
}
