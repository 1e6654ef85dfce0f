using System.Globalization;
using System.Text.Json;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Cluster;

/// <summary><c>make cluster</c>: the script it runs.</summary>
[NeedsServer(ServerKind.DynamoLocal)]
public sealed class MakeClusterTests
{
    private const int Ports = 10;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(1);

    [ServerFact]
    public async Task One_command_starts_three_silos_that_share_their_keys_and_ends_all_of_it()
    {
        using var folder = new TempFolder();
        int first = ServerProcess.FreePorts(Ports);
        string script = Path.Combine(RepositoryFiles.Root, "deploy", "cluster", "run.sh");
        using ChildProcess cluster = ChildProcess.Start("env", ["STORE=dynamodb", $"CLUSTER_PORT={Text(first)}", $"CLUSTER_DIR={folder.File("cluster")}", $"CLUSTER_QUOTA={Path.Combine(AppContext.BaseDirectory, "quota.dll")}", "bash", script]);
        await cluster.WaitForLineAsync("== the cluster is up", StartTimeout);

        // The example's key ada is on the plan free: 10 in a second, 10,000 in a month, whichever silo is asked.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        for (int silo = 0; silo < 3; silo++)
        {
            using var check = new StringContent("""{"namespace":"demo","key":"ada"}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
            using HttpResponseMessage response = await client.PostAsync(new Uri($"http://127.0.0.1:{Text(first + (2 * silo) + 1)}/v1/check"), check);
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            Assert.True(answer.RootElement.GetProperty("allowed").GetBoolean());
            JsonElement month = answer.RootElement.GetProperty("limits").EnumerateArray().Single(l => l.GetProperty("name").GetString() == "month");
            Assert.Equal(10_000 - 1 - silo, month.GetProperty("remaining").GetInt64());
        }
        string[] shown = [.. cluster.Output.Split('\n').Where(l => l.Contains(" live ", StringComparison.Ordinal))];
        Assert.Equal(["silo-1", "silo-2", "silo-3"], shown.Select(l => l.Trim().Split(' ')[0]));

        cluster.Signal("TERM");
        await cluster.WaitForExitAsync(StopTimeout);
        Assert.Contains("== stopped", cluster.Output, StringComparison.Ordinal);
        foreach (int port in Enumerable.Range(first, Ports))
        {
            Assert.False(await ServerProcess.AcceptsAsync(port), $"somebody still listens on port {port}");
        }
        // In the order that hands leases back: every silo had its store until it was done.
        for (int silo = 1; silo <= 3; silo++)
        {
            string log = await File.ReadAllTextAsync(folder.File(Path.Combine("cluster", $"silo-{Text(silo)}.log")));
            Assert.EndsWith("stopped\n", log, StringComparison.Ordinal);
            Assert.DoesNotContain("Not every lease could be settled", log, StringComparison.Ordinal);
            Assert.DoesNotContain("The cluster could not be told", log, StringComparison.Ordinal);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
