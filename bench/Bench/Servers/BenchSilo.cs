using System.Globalization;
using Microsoft.Extensions.Logging;
using Quota.Silo.Cluster;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Bench.Servers;

/// <summary>
/// A silo in a process of its own, so that its processor time can be told from the load generator's. It is the product's host
/// with one more service, and ends when its standard input does: it cannot outlive the benchmark.
/// </summary>
internal static class BenchSilo
{
    public const string Command = "serve";
    public const string ReadyPrefix = "ready ";

    /// <summary>What a line of input asks for: how many requests the shared store was sent so far.</summary>
    public const string CountQuestion = "count";

    /// <summary>Before the number.</summary>
    public const string CountPrefix = "count ";

    /// <summary>Instead of a store: a silo by itself, with the plan that the shared ones have.</summary>
    public const string Alone = "alone";

    /// <param name="dataDirectory">Of the silo.</param>
    /// <param name="shared">Nothing, or <see cref="Alone"/>, or a kind of store and where it is.</param>
    public static async Task<int> RunAsync(string dataDirectory, string[] shared)
    {
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());
        StoreSettings? store = shared switch
        {
            ["dynamodb", string endpoint] => new DynamoSettings { Endpoint = endpoint, Region = "eu-central-1" },
            ["postgresql", string connection] => new PostgresSettings { ConnectionString = connection },
            _ => null,
        };
        var settings = new SiloSettings
        {
            GrpcListen = "127.0.0.1:0",
            HttpListen = "127.0.0.1:0",
            DataDirectory = dataDirectory,
            Silo = "bench",
            Cluster = store is null ? null : new ClusterSettings { Executor = ExecutorKind.Shared, Store = store },
        };
        var options = new SiloHostOptions { Services = [new EmptyService()] };
        (SiloHost? host, string? error) = await SiloHost.StartAsync(settings, BenchCatalog.Create(BenchCatalog.Plan(1, keepsUsage: shared.Length > 0)), options, loggers, CancellationToken.None);
        if (host is null)
        {
            await Console.Error.WriteLineAsync(error);
            return 1;
        }
        await using (host)
        {
            Console.WriteLine(ReadyPrefix + host.Endpoints.Grpc.Port);
            while (await Console.In.ReadLineAsync() is { } question)
            {
                StoreCounters? counters = question == CountQuestion ? host.SharedStore?.Counters : null;
                Console.WriteLine(CountPrefix + (counters is null ? 0 : counters.Reads + counters.Writes + counters.Transactions).ToString(CultureInfo.InvariantCulture));
            }
        }
        return 0;
    }
}
