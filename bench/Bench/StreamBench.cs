using Quota.Bench.Load;
using Quota.Bench.Servers;
using Quota.Contracts.V1;

namespace Quota.Bench;

/// <summary>Batches over StreamQuota, with a client in this process: decisions per second, client included.</summary>
internal static class StreamBench
{
    private const string Part = "stream";
    private const int Connections = 2;

    public static async Task RunAsync(BenchContext context)
    {
        using ServerProcess silo = await ServerProcess.StartSiloAsync(Path.Combine(context.NewFolder("stream"), "data"));
        foreach (int batch in new[] { 1, 16, 256 })
        {
            foreach (string owner in new[] { BenchCatalog.OsNamespace, BenchCatalog.CommitNamespace })
            {
                foreach (Detail detail in new[] { Detail.Verdict, Detail.Full })
                {
                    await RunCaseAsync(context, silo, batch, owner, detail);
                }
            }
        }
        context.Note($"stream: {Connections} connections with one stream each, up to {StreamLoad.BatchesInFlight} batches in flight on each, {StreamLoad.FrameCount} different messages encoded ahead; every answer's results are counted, the first answers are parsed as a whole");
    }

    private static async Task RunCaseAsync(BenchContext context, ServerProcess silo, int batch, string owner, Detail detail)
    {
        string name = $"batches of {batch}, {detail.ToString().ToUpperInvariant()}, sync {owner}";
        BenchContext.Say($"{Part}: {name}");
        StreamLoad[] loads = [.. Enumerable.Range(0, Connections).Select(i => new StreamLoad(silo.Port, batch, owner, detail, i))];
        await RunForAsync(loads, TimeSpan.FromSeconds(context.Quick ? 0.5 : 1));
        double seconds = context.Quick ? 1 : 3;
        double before = silo.ProcessorSeconds();
        (double decided, double refused) = await RunForAsync(loads, TimeSpan.FromSeconds(seconds));
        double processor = silo.ProcessorSeconds() - before;
        context.Add(batch == 256 ? Measurement.AtLeast(Part, name, "decisions", decided, "1/s", 1_000_000) : new(Part, name, "decisions", decided, "1/s"));
        context.Add(new(Part, name, "server CPU", processor * 1e6 / ((decided + refused) * seconds), "µs/decision"));
        context.Add(new(Part, name, "refused (disk behind)", 100 * refused / (decided + refused), "%"));
    }

    private static async Task<(double Decided, double Refused)> RunForAsync(StreamLoad[] loads, TimeSpan duration)
    {
        (double Decided, double Refused)[] rates = await Task.WhenAll(loads.Select(load => Task.Run(() => load.RunAsync(duration))));
        return (rates.Sum(r => r.Decided), rates.Sum(r => r.Refused));
    }
}
