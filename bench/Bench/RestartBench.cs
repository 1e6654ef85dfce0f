using System.Diagnostics;
using Quota.Bench.Load;
using Quota.Bench.Servers;
using Quota.Contracts.V1;

namespace Quota.Bench;

/// <summary>From the start of the product's own program to its first answer, with many keys in its store and with a journal to replay.</summary>
internal static class RestartBench
{
    private const string Part = "restart";
    private const int TailKeys = 200_000;

    public static async Task RunAsync(BenchContext context)
    {
        string folder = context.NewFolder(Part);
        var settings = new RestartConfig(folder, ServerProcess.FreePort(), ServerProcess.FreePort());
        await settings.WriteAsync();
        var filler = new StoreFiller(settings);
        int[] sizes = context.Quick ? [200_000] : [1_000_000, 10_000_000];
        foreach (int keys in sizes)
        {
            BenchContext.Say($"{Part}: filling the store up to {keys:N0} keys");
            await filler.FillToAsync(keys);
            using (ServerProcess clean = await StartAsync(context, settings, $"{keys:N0} keys, clean"))
            {
                // Killed, so that the decisions below stay in the journal only.
                await DecideAsync(clean);
            }
            using ServerProcess replayed = await StartAsync(context, settings, $"{keys:N0} keys, {TailKeys:N0} decisions to replay");
            await replayed.StopAsync();
        }
        context.Note("restart: the page cache is warm; \"ready\" includes the silo's own first calls, up to a second of them, which have the code compiled before a caller waits for it");
    }

    private static async Task<ServerProcess> StartAsync(BenchContext context, RestartConfig config, string name)
    {
        using var probe = new GrpcProbe();
        byte[] known = GrpcProbe.Frame(new CheckQuotaRequest { Namespace = RestartConfig.Namespace, Key = StoreFiller.Key(4711) });
        var clock = Stopwatch.StartNew();
        ServerProcess silo = ServerProcess.Start(RestartConfig.Program, config.Arguments, config.GrpcPort);
        string recovered = await silo.WaitForLineAsync("data in ");
        await silo.WaitForLineAsync("ready:");
        double ready = clock.Elapsed.TotalMilliseconds;
        await probe.MustAllowAsync(config.GrpcPort, UnaryBench.CheckPath, known);
        double answered = clock.Elapsed.TotalMilliseconds;
        BenchContext.Say(recovered);
        context.Add(new(Part, name, "ready", ready, "ms"));
        context.Add(Measurement.AtMost(Part, name, "first answer", answered, "ms", 2_000));
        context.Add(new(Part, name, "resident memory", silo.ResidentBytes() / 1048576.0, "MiB"));
        return silo;
    }

    /// <summary>One decision on each of as many keys: each record carries its key's whole block, the most there is to replay.</summary>
    private static async Task DecideAsync(ServerProcess silo)
    {
        const int Batch = 500;
        var load = new StreamLoad(silo.Port, Batch, RestartConfig.Namespace, Detail.Verdict, 0, TailKeys / Batch);
        await load.RunAsync(TimeSpan.FromSeconds(60), TailKeys / Batch);
    }
}
