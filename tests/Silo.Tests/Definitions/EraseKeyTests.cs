using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>An erased key is named nowhere any more, and no total has changed; whatever happens in between.</summary>
public sealed class EraseKeyTests : IDisposable
{
    internal const string Name = "alice.personal";
    internal const string Keys = "/v1/namespaces/shop/keys";

    internal const string Config = """
        namespaces:
          shop:
            default_plan: p
            plans:
              p:
                units: [tokens]
                limits:
                  - { name: month, quota: { amount: 1000, period: month, thresholds: [1] } }
                  - { name: by-route, per: [route], rate: { amount: 500, period: 1h } }
                  - { name: slots, concurrency: { amount: 50 } }
                  - { name: tokens, unit: tokens, quota: { amount: 100_000, period: month } }
            keys:
              acme: { plan: p }
              from-file: { plan: p }
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_erased_key_is_named_nowhere_and_no_total_has_changed()
    {
        using SiloProcess silo = await StartAsync();
        using var admin = new AdminSilo(silo.Http);
        await UseAsync(silo, admin);
        string before = await TotalsAsync(admin);
        string pseudonym = (await admin.DoAsync("POST", $"{Keys}/{Name}:erase", null, ("quota-actor", "privacy-desk"))).GetProperty("pseudonym").GetString()!;
        Assert.Matches("^erased-[0-9a-f]{16}$", pseudonym);
        Assert.Equal(before, (await TotalsAsync(admin)).Replace(pseudonym, Name, StringComparison.Ordinal));
        AssertForgotten();
        string audit = (await admin.DoAsync("GET", "/v1/audit?page_size=1000")).ToString();
        Assert.DoesNotContain(Name, audit, StringComparison.Ordinal);
        Assert.DoesNotContain("cust-77", audit, StringComparison.Ordinal);
        Assert.DoesNotContain("call her", audit, StringComparison.Ordinal);
        JsonElement last = (await admin.DoAsync("GET", $"/v1/audit?namespace=shop&key={pseudonym}&page_size=1000")).GetProperty("entries").EnumerateArray().Last();
        Assert.Equal(("erase", "privacy-desk"), (last.GetProperty("action").GetString(), last.GetProperty("actor").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await admin.SendAsync("POST", $"{Keys}/{Name}:erase")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.SendAsync("GET", $"{Keys}/{Name}")).Status);

        silo.Process.Kill();
        using SiloProcess again = await StartAsync();
        using var adminAgain = new AdminSilo(again.Http);
        Assert.Equal(before, (await TotalsAsync(adminAgain)).Replace(pseudonym, Name, StringComparison.Ordinal));
        using var checks = new JsonSilo(again.Http);
        // Whoever comes with the name again is new.
        Assert.Equal(1000, await checks.RemainingAsync("shop", Name, "month"));
        JsonElement counted = (await checks.CheckAsync("shop", Name, 1, ""","requestId":"r-0","attributes":{"route":"/r0"}""")).Body;
        Assert.True(counted.GetProperty("allowed").GetBoolean());
        Assert.False(counted.TryGetProperty("repeat", out JsonElement repeat) && repeat.GetBoolean());
        Assert.Equal(999, await checks.RemainingAsync("shop", Name, "month"));
    }

    [Fact]
    public async Task A_name_that_is_used_again_at_once_is_a_new_key_also_after_a_kill()
    {
        using SiloProcess silo = await StartAsync();
        using var admin = new AdminSilo(silo.Http);
        using var checks = new JsonSilo(silo.Http);
        await UseAsync(silo, admin);
        await admin.DoAsync("POST", $"{Keys}/{Name}:erase");
        Assert.True((await checks.CheckAsync("shop", Name, 3, ""","requestId":"r-1","attributes":{"route":"/r1"}""")).Body.GetProperty("allowed").GetBoolean());
        silo.Process.Kill();
        using SiloProcess again = await StartAsync();
        using var checksAgain = new JsonSilo(again.Http);
        Assert.Equal(997, await checksAgain.RemainingAsync("shop", Name, "month"));
        Assert.True((await checksAgain.CheckAsync("shop", Name, 3, ""","requestId":"r-1","attributes":{"route":"/r1"}""")).Body.GetProperty("repeat").GetBoolean());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(60)]
    public async Task A_kill_in_between_is_completed_by_the_next_start_or_call(int milliseconds)
    {
        string before;
        using (SiloProcess silo = await StartAsync())
        {
            using var admin = new AdminSilo(silo.Http);
            await UseAsync(silo, admin);
            before = await TotalsAsync(admin);
            Task erase = admin.SendAsync("POST", $"{Keys}/{Name}:erase");
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(milliseconds));
            await timer.WaitForNextTickAsync();
            silo.Process.Kill();
            await Record.ExceptionAsync(() => erase);
        }
        using SiloProcess again = await StartAsync();
        using var adminAgain = new AdminSilo(again.Http);
        HttpStatusCode status = (await adminAgain.SendAsync("POST", $"{Keys}/{Name}:erase")).Status;
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.NotFound, status.ToString());
        string after = await TotalsAsync(adminAgain);
        Assert.Equal(before, System.Text.RegularExpressions.Regex.Replace(after, "erased-[0-9a-f]{16}", Name));
        AssertForgotten();
    }

    [Fact]
    public async Task An_erasure_that_was_only_begun_is_completed_at_the_start()
    {
        string before;
        using (SiloProcess silo = await StartAsync())
        {
            using var admin = new AdminSilo(silo.Http);
            await UseAsync(silo, admin);
            before = await TotalsAsync(admin);
            silo.Process.Kill();
        }
        await using (var store = new SqliteDefinitionStore(_folder.File("data/definitions.db")))
        {
            await store.BeginErasureAsync(DefinitionId.OfKey("shop", Name), "erased-0123456789abcdef", 1, "me", default);
        }
        using SiloProcess again = await StartAsync();
        using var adminAgain = new AdminSilo(again.Http);
        Assert.Equal(before, (await TotalsAsync(adminAgain)).Replace("erased-0123456789abcdef", Name, StringComparison.Ordinal));
        AssertForgotten();
        Assert.Equal(HttpStatusCode.NotFound, (await adminAgain.SendAsync("POST", $"{Keys}/{Name}:erase")).Status);
    }

    [Fact]
    public async Task What_cannot_be_erased_says_why()
    {
        using SiloProcess silo = await StartAsync();
        using var admin = new AdminSilo(silo.Http);
        using var grpc = new GrpcTestClient(silo.Grpc);
        await admin.DoAsync("POST", Keys, $$"""{"name":"{{Name}}","plan":"p"}""");
        await admin.DoAsync("POST", Keys, $$"""{"name":"below","plan":"p","parent":"{{Name}}"}""");
        (HttpStatusCode status, _, string detail) = await admin.RefusedAsync("POST", $"{Keys}/{Name}:erase");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("is the parent of 1 key", detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await admin.RefusedAsync("POST", $"{Keys}/from-file:erase")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.RefusedAsync("POST", "/v1/namespaces/none/keys/k:erase")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.RefusedAsync("POST", $"{Keys}/nobody:erase")).Status);
        Assert.Equal((int)GrpcStatusCode.InvalidArgument, (await grpc.UnaryAsync("/quota.v1.AdminService/EraseKey", new EraseKeyRequest { Namespace = "shop" })).Status);
        Assert.Equal((int)GrpcStatusCode.FailedPrecondition, (await grpc.UnaryAsync("/quota.v1.AdminService/EraseKey", new EraseKeyRequest { Namespace = "shop", Name = Name })).Status);
        await admin.DoAsync("DELETE", $"{Keys}/below");
        // A key without a definition can be erased as well, if anything is kept of it.
        using var checks = new JsonSilo(silo.Http);
        await checks.CheckAsync("shop", "passer-by");
        GrpcTestReply reply = await grpc.UnaryAsync("/quota.v1.AdminService/EraseKey", new EraseKeyRequest { Namespace = "shop", Name = "passer-by" });
        Assert.StartsWith("erased-", EraseKeyResponse.Parser.ParseFrom(reply.Single).Pseudonym, StringComparison.Ordinal);
        Assert.Equal((int)GrpcStatusCode.NotFound, (await grpc.UnaryAsync("/quota.v1.AdminService/EraseKey", new EraseKeyRequest { Namespace = "shop", Name = "passer-by" })).Status);
    }

    private Task<SiloProcess> StartAsync()
    {
        File.WriteAllText(_folder.File("quota.yaml"), Config);
        return SiloProcess.StartAsync(_folder.File("quota.yaml"), _folder.File("data"));
    }

    /// <summary>Leaves something of every kind behind, on the key itself and on one that once was below it.</summary>
    internal static async Task UseAsync(SiloProcess silo, AdminSilo admin)
    {
        using var checks = new JsonSilo(silo.Http);
        using var grpc = new GrpcTestClient(silo.Grpc);
        await admin.DoAsync("POST", Keys, $$"""{"name":"{{Name}}","plan":"p","parent":"acme","labels":{"customer":"cust-77"},"note":"call her on mondays"}""");
        await admin.DoAsync("POST", Keys, $$"""{"name":"bob","plan":"p","parent":"{{Name}}"}""");
        for (int i = 0; i < 40; i++)
        {
            string more = string.Create(CultureInfo.InvariantCulture, $$""","requestId":"r-{{i}}","attributes":{"route":"/r{{i}}"},"costs":{"tokens":{{i}}}""");
            Assert.Equal(HttpStatusCode.OK, (await checks.CheckAsync("shop", i % 4 == 0 ? "bob" : Name, 1, more)).Status);
        }
        foreach ((string key, ExpiryPolicy policy) in new[] { (Name, ExpiryPolicy.Cancel), (Name, ExpiryPolicy.Cancel), ("bob", ExpiryPolicy.Cancel) })
        {
            GrpcTestReply held = await grpc.UnaryAsync("/quota.v1.QuotaService/Reserve", new ReserveRequest { Namespace = "shop", Key = key, TtlMs = 3_600_000, OnExpiry = policy, Costs = { ["tokens"] = 7 } });
            Assert.Equal(0, held.Status);
        }
        await admin.DoAsync("PUT", $"{Keys}/bob", """{"name":"bob","plan":"p"}""");
        await admin.DoAsync("POST", $"{Keys}/{Name}/adjustments", """{"month":"2025-01","adjustment":{"id":"a1","amount":5,"unit":"tokens","reason":"goodwill","author":"desk"}}""");
    }

    /// <summary>What every key used in this month and an old one, without what an open reservation holds.</summary>
    internal static async Task<string> TotalsAsync(AdminSilo admin)
    {
        var text = new List<string>();
        foreach (string month in new[] { "2025-01", DateTime.UtcNow.ToString("yyyy-MM", CultureInfo.InvariantCulture) })
        {
            JsonElement page = await admin.DoAsync("GET", $"/v1/namespaces/shop/usage?month={month}&page_size=1000");
            foreach (JsonElement key in Each(page, "keys"))
            {
                var line = new StringBuilder($"{month} {key.GetProperty("key").GetString()}");
                foreach (JsonElement unit in Each(key, "units"))
                {
                    // What the definition's plan names, and nobody has used, is not shown of a key without one.
                    string[] counts = [.. unit.EnumerateObject().Where(p => p.Name != "reserved").Select(p => $"{p.Name}={p.Value}")];
                    line.Append(counts.Length > 1 ? $" {string.Join(',', counts)}" : "");
                }
                foreach (JsonElement limit in Each(key, "limits"))
                {
                    line.Append(' ').AppendJoin(',', limit.EnumerateObject().Select(p => $"{p.Name}={p.Value}"));
                }
                text.Add(line.ToString());
            }
        }
        text.Sort((a, b) => string.CompareOrdinal(a.Replace("erased-", Name, StringComparison.Ordinal), b.Replace("erased-", Name, StringComparison.Ordinal)));
        return string.Join('\n', text);
    }

    private static IEnumerable<JsonElement> Each(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray() : [];

    private void AssertForgotten() => AssertForgotten(_folder.File("data"), "grains", "definitions", "audit");

    /// <summary>No row of these tables of a data directory has the name's bytes.</summary>
    internal static void AssertForgotten(string data, params string[] tables)
    {
        byte[] name = Encoding.UTF8.GetBytes(Name);
        foreach (string table in tables)
        {
            string file = table == "grains" ? "grains.db" : "definitions.db";
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(data, file), Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM {table}";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                for (int i = 0; i < row.FieldCount; i++)
                {
                    byte[] value = row.GetValue(i) is byte[] bytes ? bytes : Encoding.UTF8.GetBytes(row.GetValue(i).ToString()!);
                    Assert.False(value.AsSpan().IndexOf(name) >= 0, $"{table}.{row.GetName(i)}: {Convert.ToHexString(value)}");
                }
            }
        }
    }
}
