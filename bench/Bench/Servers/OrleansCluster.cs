using System.Diagnostics;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Tests.Support.Servers;
using Outside = Quota.Silo.Tests.Support.Servers.ServerProcess;

namespace Quota.Bench.Servers;

/// <summary>
/// Two silos of an Orleans cluster on one store: the product's own program as it is shipped, so that this program needs nothing of Orleans.
/// </summary>
internal static class OrleansCluster
{
    private const int Silos = 2;
    private const int Partitions = 64;

    /// <summary>gRPC, HTTP, Orleans.</summary>
    private const int PortsPerSilo = 3;

    private static readonly TimeSpan FormTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Why it cannot be measured here; null if it can.</summary>
    public static string? Missing { get; } = File.Exists(Program) ? null : "quota-orleans is not built (bench/run.sh builds it where the package feed serves Orleans)";

    private static string Program => Path.Combine(ServerPaths.Root, "src", "Silo.Orleans", "bin", "Release", "net10.0", "quota-orleans.dll");

    /// <summary>Starts them; every partition has its owner when this completes.</summary>
    /// <param name="context">For folders.</param>
    /// <param name="kind">Of the store: <c>dynamodb</c> or <c>postgresql</c>.</param>
    /// <param name="where">Its endpoint or connection string.</param>
    /// <param name="silos">Take the processes.</param>
    /// <returns>The silo that owns the hot key (<see cref="UnaryBench.HotKey"/>), and the other one.</returns>
    public static async Task<(ServerProcess Owner, ServerProcess Other)> StartAsync(BenchContext context, string kind, string where, DisposableList silos)
    {
        BenchContext.Say($"two Orleans silos on {kind}");
        int first = Outside.FreePorts(Silos * PortsPerSilo);
        string folder = context.NewFolder("orleans");
        var started = new List<ServerProcess>();
        for (int i = 0; i < Silos; i++)
        {
            int grpc = first + (i * PortsPerSilo);
            string config = Path.Combine(folder, $"silo-{i}.yaml");
            await File.WriteAllTextAsync(config, Config(folder, i, grpc, kind, where));
            ServerProcess silo = silos.Add(ServerProcess.Start("dotnet", [Program, "serve", "--config", config], grpc));
            started.Add(silo);
            await silo.WaitForLineAsync("ready");
            silo.IgnoreOutput();
        }
        await FormAsync(first + 1);
        var map = new PartitionMap(Partitions, Enumerable.Range(0, Silos).Select(i => new PartitionMember(OrleansAddress(first + (i * PortsPerSilo)), i, false)));
        int owner = (int)map.Members[map.OwnerOf(PartitionNumber.Of(Encoding.UTF8.GetBytes(BenchCatalog.CommitNamespace), Encoding.UTF8.GetBytes(UnaryBench.HotKey), Partitions))].Handle;
        return (started[owner], started[1 - owner]);
    }

    private static string OrleansAddress(int grpc) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{grpc + 2}");

    /// <summary>The plan of <see cref="BenchCatalog"/> as a file.</summary>
    private static string Config(string folder, int number, int grpc, string kind, string where)
    {
        string store = kind == "dynamodb" ? $"dynamodb: {{ table: orleans, region: eu-central-1, endpoint: \"{where}\" }}" : $"postgresql: {{ connection: \"{where}\", schema: orleans }}";
        return $$"""
            server:
              executor: orleans
              silo: bench-{{number}}
              grpc_listen: 127.0.0.1:{{grpc}}
              http_listen: 127.0.0.1:{{grpc + 1}}
              data_directory: {{Path.Combine(folder, $"data-{number}")}}
              partitions: {{Partitions}}
              orleans: { address: "{{OrleansAddress(grpc)}}" }
              store:
                {{store}}
            namespaces:
              {{BenchCatalog.CommitNamespace}}:
                default_plan: p
                plans: { p: { limits: [ { name: rate, rate: { amount: 1_000_000_000, period: 1s } } ] } }
            """;
    }

    private static async Task FormAsync(int http)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var clock = Stopwatch.StartNew();
        while (true)
        {
            ClusterStatus status = JsonParser.Default.Parse<ClusterStatus>(await client.GetStringAsync($"http://127.0.0.1:{http}/v1/cluster"));
            if (status.Silos.Sum(s => s.Partitions) == Partitions)
            {
                return;
            }
            if (clock.Elapsed > FormTimeout)
            {
                throw new InvalidOperationException($"the silos have not taken their partitions: {status}");
            }
            await Task.Delay(100);
        }
    }
}
