using Quota.Bench.Load;
using Quota.Bench.Servers;
using Quota.Contracts.V1;
using Quota.Silo.Protocols.Native;

namespace Quota.Bench;

/// <summary>
/// Unary checks end to end against an empty handler on the same server, and against what else is used for the purpose. All in
/// one run, in turns: the machine's speed drifts, its ratios do not.
/// </summary>
internal static class UnaryBench
{
    public const string CheckPath = "/" + QuotaService.Name + "/CheckQuota";

    /// <summary>The one key that load generators ask for.</summary>
    public const string HotKey = "customer-key-0000000001";

    private const string Part = "unary";
    private const string Empty = "empty handler";
    private const string Commit = "CheckQuota, sync commit";
    private static readonly LoadShape[] Shapes = [new(1, 1), new(4, 16), new(16, 64)];

    public static async Task RunAsync(BenchContext context)
    {
        if (!Tools.Has(H2Load.Program, Part, context))
        {
            return;
        }
        using var servers = new DisposableList();
        List<UnaryTarget> targets = await StartAsync(context, servers);
        int rounds = context.Quick ? 3 : 5;
        var duration = TimeSpan.FromSeconds(context.Quick ? 0.6 : 2);
        // Until the runtime has compiled everything for good; it takes longer on cores that are busy.
        foreach (UnaryTarget target in targets.Where(t => t.Server == targets[0].Server))
        {
            target.Run(Shapes[1], TimeSpan.FromSeconds(context.Quick ? 2 : 5));
        }
        foreach (LoadShape shape in Shapes)
        {
            // The first round warms every server up for this shape and is not counted.
            var results = targets.ToDictionary(t => t, _ => new List<LoadResult>());
            for (int round = 0; round <= rounds; round++)
            {
                BenchContext.Say($"{Part} {shape} round {round} of {rounds}");
                foreach (UnaryTarget target in targets)
                {
                    LoadResult result = target.Run(shape, duration);
                    if (round > 0)
                    {
                        results[target].Add(result);
                    }
                }
            }
            Report(context, shape, targets, results);
        }
        context.Note("unary: h2load with one thread sends one key (it knows one body), so all checks meet on one grain; medians of interleaved rounds; latency includes the client; processor time is user and system time of the server's process");
        context.Note("unary 1×1, sync commit: one caller who waits for each answer waits for one sync each time; its throughput is the disk's latency, so the budget does not apply");
        context.Note("unary, nginx: HTTP/2 GET, no body read, nothing kept; redis: redis-benchmark without a proxy or client library in front, no pipelining, clients × streams connections");
    }

    /// <summary>The bodies h2load posts.</summary>
    public static async Task<string> WriteBodyAsync(string folder, string owner)
    {
        string path = Path.Combine(folder, owner + ".bin");
        await File.WriteAllBytesAsync(path, Body(owner));
        return path;
    }

    public static byte[] Body(string owner) => GrpcProbe.Frame(new CheckQuotaRequest { Namespace = owner, Key = HotKey });

    private static async Task<List<UnaryTarget>> StartAsync(BenchContext context, DisposableList servers)
    {
        string folder = context.NewFolder(Part);
        string log = Path.Combine(folder, "h2load.log");
        string commit = await WriteBodyAsync(folder, BenchCatalog.CommitNamespace);
        string os = await WriteBodyAsync(folder, BenchCatalog.OsNamespace);
        ServerProcess silo = servers.Add(await ServerProcess.StartSiloAsync(Path.Combine(folder, "data")));
        using var probe = new GrpcProbe();
        await probe.MustAllowAsync(silo.Port, CheckPath, Body(BenchCatalog.CommitNamespace));
        await probe.MustAllowAsync(silo.Port, CheckPath, Body(BenchCatalog.OsNamespace));
        await probe.MustAllowAsync(silo.Port, EmptyService.Path, Body(BenchCatalog.OsNamespace));
        List<UnaryTarget> targets =
        [
            new(Empty, silo, (shape, duration) => H2Load.Run(silo, EmptyService.Path, os, shape, duration, log)),
            new("CheckQuota, sync os", silo, (shape, duration) => H2Load.Run(silo, CheckPath, os, shape, duration, log), 0.85),
            new(Commit, silo, (shape, duration) => H2Load.Run(silo, CheckPath, commit, shape, duration, log), 0.7),
        ];
        if (Tools.Has(NginxServer.Program, Part, context))
        {
            ServerProcess nginx = servers.Add(await NginxServer.StartAsync(context.NewFolder("nginx")));
            targets.Add(new("nginx limit_req", nginx, (shape, duration) => H2Load.Run(nginx, NginxServer.Path, null, shape, duration, log)));
        }
        if (Tools.Has(RedisServer.Program, Part, context) && Tools.Has(RedisServer.Generator, Part, context))
        {
            ServerProcess memory = servers.Add(await RedisServer.StartAsync(context.NewFolder("redis"), durable: false));
            ServerProcess durable = servers.Add(await RedisServer.StartAsync(context.NewFolder("redis"), durable: true));
            targets.Add(new("redis Lua, nothing kept", memory, (shape, duration) => RedisServer.Run(memory, shape, duration, shape.Clients == 1 ? 10_000 : 40_000)));
            targets.Add(new("redis Lua, synced", durable, (shape, duration) => RedisServer.Run(durable, shape, duration, shape.Clients == 1 ? 3_000 : 30_000)));
        }
        return targets;
    }

    private static void Report(BenchContext context, LoadShape shape, List<UnaryTarget> targets, Dictionary<UnaryTarget, List<LoadResult>> results)
    {
        List<LoadResult> empty = results[targets[0]];
        foreach (UnaryTarget target in targets)
        {
            string name = $"{shape} {target.Name}";
            List<LoadResult> rounds = results[target];
            context.Add(new(Part, name, "throughput", Statistics.Median(rounds.Select(r => r.PerSecond)), "1/s"));
            if (target.Name != Empty)
            {
                // Each round against the empty handler's of the same round, seconds apart.
                double ratio = Statistics.Median(rounds.Zip(empty, (r, e) => r.PerSecond / e.PerSecond));
                context.Add(target.Budget is { } least && (shape.Clients > 1 || target.Name != Commit) ? Measurement.AtLeast(Part, name, "of empty", ratio, "×", least) : new(Part, name, "of empty", ratio, "×"));
            }
            context.Add(new(Part, name, "p50", Statistics.Median(rounds.Select(r => r.P50Us)), "µs"));
            context.Add(new(Part, name, "p99", Statistics.Median(rounds.Select(r => r.P99Us)), "µs"));
            if (!double.IsNaN(rounds[0].P999Us))
            {
                context.Add(new(Part, name, "p99.9", Statistics.Median(rounds.Select(r => r.P999Us)), "µs"));
            }
            context.Add(new(Part, name, "server CPU", Statistics.Median(rounds.Select(r => r.ProcessorUs)), "µs/call"));
        }
    }
}
