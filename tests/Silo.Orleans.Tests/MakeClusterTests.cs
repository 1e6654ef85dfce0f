using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Quota.Silo.Orleans.Tests.Support;
using Quota.Silo.Tests;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests;

/// <summary><c>make cluster EXECUTOR=orleans</c>: the script it runs.</summary>
[Collection(ProcessCollection.Name)]
public sealed partial class MakeClusterTests
{
    private const int Ports = 10;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(1);

    [DynamoFact]
    public Task One_command_starts_three_silos_on_dynamodb_that_share_their_partitions_and_ends_all_of_it() => RunAsync("dynamodb");

    [PostgresFact]
    public Task One_command_starts_three_silos_on_postgresql_that_share_their_partitions_and_ends_all_of_it() => RunAsync("postgresql");

    private static async Task RunAsync(string store)
    {
        using var folder = new TempFolder();
        int first = ServerProcess.FreePorts(Ports);
        string script = Path.Combine(RepositoryFiles.Root, "deploy", "cluster", "run.sh");
        string program = Path.Combine(AppContext.BaseDirectory, "quota-orleans.dll");
        using ChildProcess cluster = ChildProcess.Start("env", ["EXECUTOR=orleans", $"STORE={store}", $"CLUSTER_PORT={Text(first)}", $"CLUSTER_DIR={folder.File("cluster")}", $"CLUSTER_QUOTA={program}", "bash", script]);
        await cluster.WaitForLineAsync("== the cluster is up", StartTimeout);
        Assert.Contains("executor orleans, 64 partitions", cluster.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("not every", cluster.Output, StringComparison.Ordinal);
        MatchCollection silos = SiloRow().Matches(cluster.Output);
        Assert.Equal(["silo-1", "silo-2", "silo-3"], silos.Select(m => m.Groups[1].Value));

        // The example's key ada is on the plan free: 10,000 in a month, whichever silo is asked.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        for (int silo = 0; silo < 3; silo++)
        {
            using var check = new StringContent("""{"namespace":"demo","key":"ada"}""", new MediaTypeHeaderValue("application/json"));
            using HttpResponseMessage response = await client.PostAsync(new Uri($"http://127.0.0.1:{Text(first + (2 * silo) + 1)}/v1/check"), check);
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            Assert.True(answer.RootElement.GetProperty("allowed").GetBoolean());
            JsonElement month = answer.RootElement.GetProperty("limits").EnumerateArray().Single(l => l.GetProperty("name").GetString() == "month");
            Assert.Equal(10_000 - 1 - silo, month.GetProperty("remaining").GetInt64());
        }

        cluster.Signal("TERM");
        await cluster.WaitForExitAsync(StopTimeout);
        Assert.Contains("== stopped", cluster.Output, StringComparison.Ordinal);
        foreach (int port in Enumerable.Range(first, Ports))
        {
            Assert.False(await ServerProcess.AcceptsAsync(port), $"somebody still listens on port {port}");
        }
        for (int silo = 1; silo <= 3; silo++)
        {
            string log = await File.ReadAllTextAsync(folder.File(Path.Combine("cluster", $"silo-{Text(silo)}.log")));
            Assert.EndsWith("stopped\n", log, StringComparison.Ordinal);
            Assert.DoesNotContain("Not every lease could be settled", log, StringComparison.Ordinal);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?m)^\s*(silo-\d)\s.*\slive\s")]
    private static partial Regex SiloRow();
}
