using Quota.Bench.Load;
using Quota.Bench.Servers;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support.Servers;
using ServerProcess = Quota.Bench.Servers.ServerProcess;

namespace Quota.Bench;

/// <summary>
/// A silo that shares its keys, with leases and without, on every store that is to be had, against a silo by itself: in one run, in turns.
/// One silo per store: what others cost it is measured by the tests, on machines with more cores.
/// </summary>
internal static class SharedBench
{
    private const string Part = "shared";
    private const int ZipfKeys = 10_000;
    private const int Batch = 16;
    private const int Frames = 512;
    private static readonly LoadShape Shape = new(4, 16);

    public static async Task RunAsync(BenchContext context)
    {
        if (!Tools.Has(H2Load.Program, Part, context))
        {
            return;
        }
        // DynamoDB Local takes any.
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "local");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "local");
        using var silos = new DisposableList();
        await using PostgresServer? postgres = Has(PostgresServer.Missing, context) ? await PostgresServer.StartAsync() : null;
        await using DynamoLocalServer? dynamo = Has(DynamoLocalServer.Missing, context) ? await DynamoLocalServer.StartAsync() : null;
        ServerProcess alone = silos.Add(await ServerProcess.StartSiloAsync(Path.Combine(context.NewFolder(Part), "data"), BenchSilo.Alone));
        List<SharedTarget> targets = [new("silo by itself", alone, BenchCatalog.CommitNamespace, false)];
        List<SharedTarget> owners = [], others = [];
        foreach ((string name, string[]? store) in new[] { ("PostgreSQL", postgres is null ? null : new[] { "postgresql", postgres.ConnectionString }), ("DynamoDB Local", dynamo is null ? null : ["dynamodb", dynamo.Endpoint]) })
        {
            if (store is not null)
            {
                ServerProcess silo = silos.Add(await ServerProcess.StartSiloAsync(Path.Combine(context.NewFolder(Part), "data"), store));
                targets.Add(new($"{name}, leases", silo, BenchCatalog.CommitNamespace, true));
                targets.Add(new($"{name}, no leases", silo, BenchCatalog.UnleasedNamespace, false));
                if (context.WithOrleans)
                {
                    (ServerProcess owner, ServerProcess other) = await OrleansCluster.StartAsync(context, store[0], store[1], silos);
                    owners.Add(new($"{name}, Orleans, its owner", owner, BenchCatalog.CommitNamespace, true, Counts: false));
                    others.Add(new($"{name}, Orleans, another silo", other, BenchCatalog.CommitNamespace, true, Counts: false));
                }
            }
        }
        await HotKeyAsync(context, "hot key", [.. targets, .. owners, .. others]);
        await HotKeyAsync(context, "hot key, month, sync os", [.. targets.Where(t => t.IsLeased || t == targets[0]).Select(t => t with { Namespace = BenchCatalog.QuotaNamespace })]);
        await ZipfAsync(context, [.. targets, .. others.Select(t => t with { Name = t.Name.Replace("another silo", "one of two silos", StringComparison.Ordinal) })]);
        if (context.WithOrleans)
        {
            context.Note("shared, Orleans: two silos of quota-orleans per store, one of which is asked; about half of the Zipf keys are the other's");
        }
        context.Note("shared: one silo per store, sync commit, one sliding window of a second (a lease ends with its bucket, every 100 ms) with usage, unless said otherwise; ratios are medians of rounds against the silo by itself in the same round; store requests include signs of life and the like, a few per second");
    }

    private static bool Has(string? missing, BenchContext context)
    {
        if (missing is not null)
        {
            context.Note($"{Part}: {missing}");
        }
        return missing is null;
    }

    /// <summary>All callers ask for one key: throughput at saturation in turns, then latency at half of each one's own saturation.</summary>
    private static async Task HotKeyAsync(BenchContext context, string what, List<SharedTarget> targets)
    {
        string folder = context.NewFolder("shared-load");
        string log = Path.Combine(folder, "h2load.log");
        var duration = TimeSpan.FromSeconds(context.Quick ? 2 : 4);
        var results = targets.ToDictionary(t => t, _ => new List<(LoadResult Load, double Requests)>());
        using var probe = new GrpcProbe();
        for (int round = 0; round <= (context.Quick ? 2 : 4); round++)
        {
            foreach (SharedTarget target in targets)
            {
                BenchContext.Say($"{Part}: {what}, {target.Name}, round {round}");
                await probe.MustAllowAsync(target.Silo.Port, UnaryBench.CheckPath, UnaryBench.Body(target.Namespace));
                (LoadResult, double) result = await LoadAsync(target, null);
                if (round > 0)
                {
                    results[target].Add(result);
                }
            }
        }
        foreach (SharedTarget target in targets)
        {
            string name = $"{what} {Shape}, {target.Name}";
            List<(LoadResult Load, double Requests)> rounds = results[target];
            double saturation = Statistics.Median(rounds.Select(r => r.Load.PerSecond));
            context.Add(new(Part, name, "throughput", saturation, "1/s"));
            if (target != targets[0])
            {
                double ratio = Statistics.Median(rounds.Zip(results[targets[0]], (r, one) => r.Load.PerSecond / one.Load.PerSecond));
                context.Add(target.IsLeased ? Measurement.AtLeast(Part, name, "of one by itself", ratio, "×", 0.8) : new(Part, name, "of one by itself", ratio, "×"));
            }
            if (target != targets[0] && target.Counts)
            {
                context.Add(new(Part, name, "store requests", Statistics.Median(rounds.Select(r => r.Requests)), "per decision"));
            }
            LoadResult half = (await LoadAsync(target, (int)(saturation / 2 / Shape.Clients))).Load;
            context.Add(new(Part, name, "p50 at half load", half.P50Us, "µs"));
            context.Add(target.IsLeased ? Measurement.AtMost(Part, name, "p99 at half load", half.P99Us, "µs", 1_000) : new(Part, name, "p99 at half load", half.P99Us, "µs"));
        }

        async Task<(LoadResult Load, double Requests)> LoadAsync(SharedTarget target, int? ratePerClient)
        {
            string body = await UnaryBench.WriteBodyAsync(folder, target.Namespace);
            long before = await target.StoreRequestsAsync();
            LoadResult load = H2Load.Run(target.Silo, UnaryBench.CheckPath, body, Shape, duration, log, ratePerClient);
            // As many per second were decided during the warm-up, a quarter of the time.
            double requests = (await target.StoreRequestsAsync() - before) / (load.PerSecond * duration.TotalSeconds * 1.25);
            return (load, requests);
        }
    }

    /// <summary>Batches over a stream, keys by a Zipf distribution: the hottest are leased, the tail is decided in the store.</summary>
    private static async Task ZipfAsync(BenchContext context, List<SharedTarget> targets)
    {
        int[] draws = ZipfSampler.Draw(ZipfKeys, Frames * Batch, seed: 1);
        double seconds = context.Quick ? 2 : 4;
        var rates = targets.ToDictionary(t => t, _ => new List<double>());
        foreach (int round in Enumerable.Range(0, context.Quick ? 2 : 4))
        {
            foreach (SharedTarget target in targets)
            {
                BenchContext.Say($"{Part}: Zipf keys, {target.Name}, round {round}");
                var load = new StreamLoad(target.Silo.Port, Batch, target.Namespace, Detail.Verdict, 0, Frames, i => $"zipf-{draws[i]:D6}", mayFail: true);
                await load.RunAsync(TimeSpan.FromSeconds(seconds / 4));
                long before = await target.StoreRequestsAsync();
                (double decided, double refused) = await load.RunAsync(TimeSpan.FromSeconds(seconds));
                double requests = (await target.StoreRequestsAsync() - before) / (decided * seconds);
                rates[target].Add(decided);
                if (round == 0)
                {
                    continue;
                }
                string name = $"Zipf over {ZipfKeys:N0} keys, {target.Name}";
                if (round == (context.Quick ? 1 : 3))
                {
                    context.Add(new(Part, name, "decisions", Statistics.Median(rates[target].Skip(1)), "1/s"));
                    context.Add(new(Part, name, "of one by itself", Statistics.Median(rates[target].Skip(1).Zip(rates[targets[0]].Skip(1), (r, one) => r / one)), "×"));
                    if (target.Counts && decided > 0)
                    {
                        context.Add(new(Part, name, "store requests", requests, "per decision"));
                    }
                    context.Add(new(Part, name, "refused or failed", 100 * refused / (decided + refused), "%"));
                }
            }
        }
    }
}
