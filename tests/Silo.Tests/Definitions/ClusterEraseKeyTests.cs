using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Npgsql;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Definitions;

/// <summary>A key that several real silos decided for is erased through one of them.</summary>
[NeedsServer(ServerKind.Postgres)]
public sealed class ClusterEraseKeyTests : IAsyncLifetime
{
    private const string Name = EraseKeyTests.Name;
    private const string Keys = EraseKeyTests.Keys;
    private const int Hot = 150;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TempFolder _folder = new();
    private readonly string _schema = $"t{Guid.NewGuid():N}";
    private readonly List<SiloProcess> _silos = [];
    private PostgresServer _server = null!;

    public async Task InitializeAsync() => _server = await SharedServers.Postgres;

    public Task DisposeAsync()
    {
        _silos.ForEach(s => s.Dispose());
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [ServerFact]
    public async Task A_key_erased_through_one_silo_is_named_nowhere_and_no_total_has_changed()
    {
        SiloProcess a = await StartAsync("a"), b = await StartAsync("b");
        using var admin = new AdminSilo(a.Http);
        using var other = new AdminSilo(b.Http);
        await EraseKeyTests.UseAsync(a, admin);
        await JsonSilo.UntilAsync(() => other.SendAsync("GET", $"{Keys}/{Name}"), answer => answer.Status == HttpStatusCode.OK, Patience);
        string settled = await SettledAsync(admin);
        await HeatAsync(b);
        await HeatAsync(a);
        Assert.Contains(await LeasesAsync(other), l => l.Key == Name);

        JsonElement erased = await admin.DoAsync("POST", $"{Keys}/{Name}:erase", null, ("quota-actor", "privacy-desk"));
        string pseudonym = erased.GetProperty("pseudonym").GetString()!;
        Assert.Contains("journals", erased.GetProperty("remains").EnumerateArray().Single().GetString()!, StringComparison.Ordinal);
        string after = await SettledAsync(admin);
        Assert.DoesNotContain(Name, after, StringComparison.Ordinal);
        Assert.Equal(Used(settled, Name) + (2 * Hot), Used(after, pseudonym));
        Assert.Equal(Used(settled, "acme") + (2 * Hot), Used(after, "acme"));
        Assert.Equal(Without(settled, Name, "acme"), Without(after, pseudonym, "acme"));
        Assert.Equal(after, await SettledAsync(other));

        await AssertNoBlockNamesItAsync();
        await JsonSilo.UntilAsync(() => other.SendAsync("GET", $"{Keys}/{Name}"), answer => answer.Status == HttpStatusCode.NotFound, Patience);
        Assert.DoesNotContain(Name, (await other.DoAsync("GET", "/v1/audit?page_size=1000")).ToString(), StringComparison.Ordinal);
        SiloProcess fresh = await StartAsync("fresh");
        using var late = new AdminSilo(fresh.Http);
        Assert.Equal(after, await SettledAsync(late));
        Assert.Equal((await admin.DoAsync("GET", "/v1/audit?page_size=1000")).ToString(), (await late.DoAsync("GET", "/v1/audit?page_size=1000")).ToString());
        foreach (string silo in new[] { "a", "b", "fresh" })
        {
            EraseKeyTests.AssertForgotten(_folder.File(silo), "definitions", "audit");
        }
        // Whoever comes with the name again is new, on every silo.
        using var checks = new JsonSilo(b.Http);
        Assert.Equal(1000, await checks.RemainingAsync("shop", Name, "month"));
        JsonElement counted = (await checks.CheckAsync("shop", Name, 1, ""","requestId":"r-1","attributes":{"route":"/r1"}""")).Body;
        Assert.False(counted.TryGetProperty("repeat", out JsonElement repeat) && repeat.GetBoolean());
    }

    [ServerFact]
    public async Task A_silo_that_was_killed_with_leases_of_the_key_settles_them_before_the_erasure_is_complete()
    {
        SiloProcess a = await StartAsync("a"), b = await StartAsync("b");
        using var admin = new AdminSilo(a.Http);
        await HeatAsync(b);
        Assert.Contains(await LeasesAsync(admin), l => l.Key == Name);
        b.Process.Kill();
        (HttpStatusCode status, _, string detail) = await admin.RefusedAsync("POST", $"{Keys}/{Name}:erase");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("leases of the key are not settled by b", detail, StringComparison.Ordinal);

        // Its start settles what it had spent, and completes the erasure; or the next call does.
        SiloProcess back = await StartAsync("b");
        using var other = new AdminSilo(back.Http);
        (HttpStatusCode repeated, JsonElement answer) = await admin.SendAsync("POST", $"{Keys}/{Name}:erase");
        Assert.True(repeated is HttpStatusCode.OK or HttpStatusCode.NotFound, $"{repeated} {answer}");
        string after = await SettledAsync(other);
        Assert.DoesNotContain(Name, after, StringComparison.Ordinal);
        Assert.Equal(Hot, Used(after, "erased-"));
        await AssertNoBlockNamesItAsync();
    }

    private async Task<SiloProcess> StartAsync(string name)
    {
        string config = _folder.File(name + ".yaml");
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $$"""
            server:
              executor: shared
              silo: {{name}}
              store:
                postgresql: { connection: "{{_server.ConnectionString}}", schema: {{_schema}} }

            """) + EraseKeyTests.Config);
        SiloProcess silo = await SiloProcess.StartAsync(config, _folder.File(name));
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Asks so often that the silo takes leases.</summary>
    private static async Task HeatAsync(SiloProcess silo)
    {
        using var checks = new JsonSilo(silo.Http);
        for (int i = 0; i < Hot; i++)
        {
            Assert.True((await checks.CheckAsync("shop", Name)).Body.GetProperty("allowed").GetBoolean());
        }
    }

    private static async Task<List<(string Key, string Silo)>> LeasesAsync(AdminSilo admin) =>
        (await admin.DoAsync("GET", "/v1/cluster?leases=true")).TryGetProperty("leases", out JsonElement leases)
            ? [.. leases.EnumerateArray().Select(l => (l.GetProperty("key").GetString()!, l.GetProperty("silo").GetString()!))]
            : [];

    /// <summary>What every key used, once all leases are settled.</summary>
    private static async Task<string> SettledAsync(AdminSilo admin)
    {
        await JsonSilo.UntilAsync(() => LeasesAsync(admin), leases => leases.Count == 0, Patience);
        return await EraseKeyTests.TotalsAsync(admin);
    }

    /// <summary>Requests that a key used in this month.</summary>
    private static long Used(string totals, string key)
    {
        string month = DateTime.UtcNow.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        string line = totals.Split('\n').Single(l => l.StartsWith($"{month} {key}", StringComparison.Ordinal));
        return long.Parse(System.Text.RegularExpressions.Regex.Match(line, "unit=requests[^ ]*?used=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static string Without(string totals, params string[] keys) =>
        string.Join('\n', totals.Split('\n').Where(l => !keys.Contains(l.Split(' ')[1])));

    private async Task AssertNoBlockNamesItAsync()
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(_server.ConnectionString);
        await using NpgsqlCommand command = source.CreateCommand($"SELECT id, state FROM {_schema}.blocks");
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        byte[] name = Encoding.UTF8.GetBytes(Name);
        int rows = 0;
        for (; await row.ReadAsync(); rows++)
        {
            for (int column = 0; column < 2; column++)
            {
                byte[] value = row.GetFieldValue<byte[]>(column);
                Assert.False(value.AsSpan().IndexOf(name) >= 0, Convert.ToHexString(row.GetFieldValue<byte[]>(0)) + ": " + Convert.ToHexString(value));
            }
        }
        Assert.True(rows > 0);
    }
}
