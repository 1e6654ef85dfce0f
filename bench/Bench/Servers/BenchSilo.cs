using Microsoft.Extensions.Logging;
using Quota.Silo.Hosting;

namespace Quota.Bench.Servers;

/// <summary>
/// A silo in a process of its own, so that its processor time can be told from the load generator's. It is the product's host
/// with one more service, and ends when its standard input does: it cannot outlive the benchmark.
/// </summary>
internal static class BenchSilo
{
    public const string Command = "serve";
    public const string ReadyPrefix = "ready ";

    public static async Task<int> RunAsync(string dataDirectory)
    {
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());
        var settings = new SiloSettings { GrpcListen = "127.0.0.1:0", HttpListen = "127.0.0.1:0", DataDirectory = dataDirectory };
        var options = new SiloHostOptions { Services = [new EmptyService()] };
        (SiloHost? host, string? error) = await SiloHost.StartAsync(settings, BenchCatalog.Create(BenchCatalog.Plan(1)), options, loggers, CancellationToken.None);
        if (host is null)
        {
            await Console.Error.WriteLineAsync(error);
            return 1;
        }
        await using (host)
        {
            Console.WriteLine(ReadyPrefix + host.Endpoints.Grpc.Port);
            await Console.In.ReadToEndAsync();
        }
        return 0;
    }
}
