using System.Diagnostics;
using System.Text;
using Google.Protobuf;
using Quota.Bench.Load;
using Quota.Bench.Servers;
using Quota.Contracts.V1;

namespace Quota.Bench;

/// <summary>
/// The product's own program with many defined keys: what an import does to decisions that go on meanwhile, how long import, export
/// and a start take, and what the keys cost in memory.
/// </summary>
internal static class AdminBench
{
    private const string Part = "admin";
    private const int ImportedBesideLoad = 100_000;
    private static readonly LoadShape Shape = new(4, 16);
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    public static async Task RunAsync(BenchContext context)
    {
        string folder = context.NewFolder(Part);
        var config = new RestartConfig(folder, ServerProcess.FreePort(), ServerProcess.FreePort());
        await config.WriteAsync();
        using (ServerProcess silo = await StartAsync(config))
        {
            if (Tools.Has(H2Load.Program, Part, context))
            {
                await RunBesideLoadAsync(context, silo, config);
            }
            await silo.StopAsync();
        }
        await RunBulkAsync(context, config, context.Quick ? 200_000 : 1_000_000);
        context.Note("admin: JSON Lines over HTTP, every key with a plan and a label; p99 at half of saturation, sync commit, client included; rounds with and without an import take turns, and the ratio is of neighbours; an import lasts longer or shorter than its round's load, which is said");
    }

    private static async Task RunBesideLoadAsync(BenchContext context, ServerProcess silo, RestartConfig config)
    {
        string log = Path.Combine(config.Folder, "h2load.log");
        string body = await UnaryBench.WriteBodyAsync(config.Folder, RestartConfig.Namespace);
        var duration = TimeSpan.FromSeconds(context.Quick ? 2 : 5);
        H2Load.Run(silo, UnaryBench.CheckPath, body, Shape, duration, log);
        LoadResult full = H2Load.Run(silo, UnaryBench.CheckPath, body, Shape, duration, log);
        int rate = (int)(full.PerSecond / 2 / Shape.Clients);
        var alone = new List<LoadResult>();
        var beside = new List<LoadResult>();
        var seconds = new List<double>();
        for (int round = 0; round < (context.Quick ? 3 : 5); round++)
        {
            BenchContext.Say($"{Part}: import beside load, round {round + 1}");
            alone.Add(await Load());
            string file = await WriteKeysAsync(config.Folder, round * ImportedBesideLoad, ImportedBesideLoad);
            Task<LoadResult> load = Load();
            seconds.Add(await ImportAsync(config.HttpPort, file, ImportedBesideLoad));
            beside.Add(await load);
        }
        string name = $"{ImportedBesideLoad:N0} keys imported beside {rate * Shape.Clients:N0} decisions/s";
        context.Add(new(Part, name, "import", Statistics.Median(seconds), "s"));
        context.Add(new(Part, name, "load", duration.TotalSeconds, "s"));
        context.Add(new(Part, name, "p99 without", Statistics.Median(alone.Select(r => r.P99Us)), "µs"));
        context.Add(new(Part, name, "p99 with", Statistics.Median(beside.Select(r => r.P99Us)), "µs"));
        context.Add(Measurement.AtMost(Part, name, "p99 with to without", Statistics.Median(beside.Zip(alone, (b, a) => b.P99Us / a.P99Us)), "×", 2));

        Task<LoadResult> Load() => Task.Run(() => H2Load.Run(silo, UnaryBench.CheckPath, body, Shape, duration, log, rate));
    }

    private static async Task RunBulkAsync(BenchContext context, RestartConfig config, int keys)
    {
        string name = $"{keys:N0} keys";
        string file = await WriteKeysAsync(config.Folder, 0, keys);
        using (ServerProcess silo = await StartAsync(config))
        {
            BenchContext.Say($"{Part}: importing {name}");
            Task<double> import = ImportAsync(config.HttpPort, file, keys);
            context.Add(new(Part, name, "peak memory at import", Mebibytes(await PeakMemory.WhileAsync(silo.ResidentBytes, import)), "MiB"));
            context.Add(new(Part, name, "import", await import, "s"));
            Task<double> export = ExportAsync(config.HttpPort, keys);
            context.Add(new(Part, name, "peak memory at export", Mebibytes(await PeakMemory.WhileAsync(silo.ResidentBytes, export)), "MiB"));
            context.Add(new(Part, name, "export", await export, "s"));
            await silo.StopAsync();
        }
        var clock = Stopwatch.StartNew();
        using ServerProcess again = await StartAsync(config);
        context.Add(Measurement.AtMost(Part, name, "start", clock.Elapsed.TotalSeconds, "s", 3));
        context.Add(new(Part, name, "resident memory", Mebibytes(again.ResidentBytes()), "MiB"));
        await again.StopAsync();
    }

    private static double Mebibytes(long bytes) => bytes / 1048576.0;

    private static async Task<ServerProcess> StartAsync(RestartConfig config)
    {
        ServerProcess silo = ServerProcess.Start(RestartConfig.Program, config.Arguments, config.GrpcPort);
        await silo.WaitForLineAsync("ready:");
        return silo;
    }

    private static async Task<string> WriteKeysAsync(string folder, int first, int count)
    {
        string path = Path.Combine(folder, "keys.jsonl");
        await using var file = new StreamWriter(path, append: false, new UTF8Encoding(false));
        for (int i = first; i < first + count; i++)
        {
            Key key = new() { Namespace = RestartConfig.Namespace, Name = StoreFiller.Key(i), Plan = RestartConfig.PlanName, Labels = { ["customer"] = $"customer-{i % 1000}" } };
            await file.WriteLineAsync(JsonFormatter.Default.Format(new Definition { Key = key }));
        }
        return path;
    }

    /// <summary>Seconds until the last progress, which must say that every line was taken.</summary>
    private static async Task<double> ImportAsync(int port, string path, int count)
    {
        using HttpClient client = Client();
        var clock = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/v1/import") { Content = new StreamContent(File.OpenRead(path)) };
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        string last = "";
        while (await lines.ReadLineAsync() is { } line)
        {
            last = line;
        }
        ImportProgress progress = Parser.Parse<ImportProgress>(last);
        return progress.Done && progress.Refused == 0 && progress.Lines == count
            ? clock.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"not the import that is to be measured: {last}");
    }

    /// <summary>Seconds until the last line.</summary>
    private static async Task<double> ExportAsync(int port, int keys)
    {
        using HttpClient client = Client();
        var clock = Stopwatch.StartNew();
        using Stream lines = await client.GetStreamAsync($"http://127.0.0.1:{port}/v1/export?namespace={RestartConfig.Namespace}");
        byte[] buffer = new byte[1 << 20];
        long count = 0;
        for (int read; (read = await lines.ReadAsync(buffer)) > 0;)
        {
            count += buffer.AsSpan(0, read).Count((byte)'\n');
        }
        return count > keys ? clock.Elapsed.TotalSeconds : throw new InvalidOperationException($"the export has {count} lines");
    }

    private static HttpClient Client() => new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
}
