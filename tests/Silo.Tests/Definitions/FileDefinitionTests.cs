using System.Net;
using System.Text.Json;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>The configuration file as an import beside the API: what it made is its own, and everything else is left alone.</summary>
public sealed class FileDefinitionTests
{
    private const string Yaml = """
        namespaces:
          shop:
            default_plan: free
            plan: free
            request_ids: { window: 5m, per_key_max: 1_000 }
            reservations: { on_expiry: cancel, per_key_max: 7 }
            billing: { time_zone: Europe/Berlin, anchor_day: 31, seal_grace: 0s, retention_months: 12 }
            webhook: { url: "https://example.org/hook", secret: 0123456789abcdef }
            leases: { duration: 1s, lost: spend, lost_after: 5m }
            plans:
              free:
                units: [bytes]
                limits:
                  - { name: burst, rate: { amount: 0, period: 60s } }
                  - { name: bucket, rate: { amount: 10, period: 1s, algorithm: token_bucket, burst: 20 }, unit: tokens.in, overrun: cap }
                  - { name: month, quota: { amount: 100, period: month, initial_offset: 3, rollover_max: 5, thresholds: [80, 100] }, mode: shadow, match: { route: /a*, method: [GET, ""] }, per: ip }
                  - { name: open, concurrency: { amount: 4 } }
            keys:
              alice: { plan: free, parent: acme, status: disabled, disabled: allow, labels: { customer: acme, empty: "" }, note: "two\nlines" }
              acme: { plan: free, overrides: [{ name: burst, rate: { amount: 9, period: 1m } }], billing: { anchor_day: 15 } }
              bob: free
        """;

    [Fact]
    public async Task The_file_and_an_import_of_its_export_agree()
    {
        await using AdminFixture file = await AdminFixture.StartAsync(Yaml);
        await using AdminFixture import = await AdminFixture.StartAsync();
        string exported = await file.Admin.ExportAsync();
        // The secret is not exported. Without it there is no namespace, and so nothing in it; with it everything is taken.
        Assert.Equal("5", (await import.Admin.ImportAsync(exported)).GetProperty("refused").GetString());
        JsonElement progress = await import.Admin.ImportAsync(exported.Replace("(set)", "0123456789abcdef", StringComparison.Ordinal));
        Assert.Equal(("5", false), (progress.GetProperty("created").GetString(), progress.TryGetProperty("refused", out _)));
        Assert.Equal(exported, await import.Admin.ExportAsync());
        Assert.Equal("5", (await import.Admin.ImportAsync(exported)).GetProperty("unchanged").GetString());
        foreach (string key in (string[])["alice", "acme", "bob", "stranger"])
        {
            for (int i = 0; i < 12; i++)
            {
                JsonElement a = (await file.Checks.CheckAsync("shop", key, 1, ""","attributes":{"route":"/ab","method":"GET","ip":"1"}""")).Body;
                JsonElement b = (await import.Checks.CheckAsync("shop", key, 1, ""","attributes":{"route":"/ab","method":"GET","ip":"1"}""")).Body;
                Assert.Equal(Verdict(a), Verdict(b));
            }
        }

        static string Verdict(JsonElement body) => $"{body.GetProperty("allowed")} {body.GetProperty("reason")} {(body.TryGetProperty("limit", out JsonElement limit) ? limit.GetString() : "-")} {(body.TryGetProperty("plan", out JsonElement plan) ? plan.GetString() : "-")}";
    }

    [Fact]
    public async Task Export_shows_every_field_of_the_file_in_the_files_words()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync(Yaml);
        string[] lines = (await silo.Admin.ExportAsync()).TrimEnd('\n').Split('\n');
        Assert.Equal(
            [
                """{ "namespace": { "name": "shop", "default_plan": "free", "plan": "free", "request_ids": { "window": "5m", "per_key_max": "1000" }, "reservations": { "on_expiry": "ON_EXPIRY_CANCEL", "per_key_max": "7" }, "billing": { "time_zone": "Europe/Berlin", "anchor_day": 31, "seal_grace": "0s", "retention_months": 12 }, "webhook": { "url": "https://example.org/hook", "secret": "(set)" }, "leases": { "duration": "1s", "lost": "LOST_LEASES_SPEND", "lost_after": "5m" } } }""",
                """{ "plan": { "namespace": "shop", "name": "free", "limits": [ { "name": "burst", "rate": { "period": "60s" } }, { "name": "bucket", "rate": { "amount": "10", "period": "1s", "algorithm": "ALGORITHM_TOKEN_BUCKET", "burst": "20" }, "unit": "tokens.in", "overrun": "OVERRUN_CAP" }, { "name": "month", "quota": { "amount": "100", "period": "PERIOD_MONTH", "initial_offset": "3", "rollover_max": "5", "thresholds": [ 80, 100 ] }, "mode": "MODE_SHADOW", "match": { "route": { "values": [ "/a*" ] }, "method": { "values": [ "GET", "" ] } }, "per": [ "ip" ] }, { "name": "open", "concurrency": { "amount": "4" } } ], "units": [ "bytes" ] } }""",
                """{ "key": { "namespace": "shop", "name": "acme", "plan": "free", "overrides": [ { "name": "burst", "rate": { "amount": "9", "period": "1m" } } ], "billing": { "anchor_day": 15 } } }""",
                """{ "key": { "namespace": "shop", "name": "alice", "plan": "free", "parent": "acme", "status": "STATUS_DISABLED", "disabled": "DISABLED_ALLOW", "labels": { "customer": "acme", "empty": "" }, "note": "two\nlines" } }""",
                """{ "key": { "namespace": "shop", "name": "bob", "plan": "free" } }""",
            ],
            lines);
    }

    [Fact]
    public async Task An_unchanged_file_writes_nothing_and_a_changed_one_only_what_differs()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync(Yaml);
        Assert.Equal(5, await TrailAsync(silo));
        Assert.Empty(await silo.ReloadAsync(Yaml));
        Assert.Null(await silo.RestartAsync(Yaml));
        Assert.Equal(5, await TrailAsync(silo));
        Assert.Empty(await silo.ReloadAsync(Yaml.Replace("bob: free", "carol: free", StringComparison.Ordinal)));
        Assert.Equal(7, await TrailAsync(silo));
        JsonElement last = (await silo.Admin.DoAsync("GET", "/v1/audit?key=bob")).GetProperty("entries")[1];
        Assert.Equal(("file:quota.yaml", "delete"), (last.GetProperty("actor").GetString(), last.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task What_the_API_made_stays_beside_the_file_and_what_the_file_made_is_changed_there_only()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync(Yaml);
        await silo.Admin.DoAsync("POST", "/v1/namespaces/shop/keys", """{"name":"api","plan":"free","parent":"acme"}""");
        await silo.Admin.DoAsync("POST", "/v1/namespaces", """{"name":"other"}""");
        foreach ((string method, string path, string body) in ((string, string, string)[])[("PUT", "/v1/namespaces/shop", "{}"), ("DELETE", "/v1/namespaces/shop/keys/bob", ""), ("PUT", "/v1/namespaces/shop/plans/free", """{"limits":[]}""")])
        {
            (HttpStatusCode status, _, string detail) = await silo.Admin.RefusedAsync(method, path, body.Length > 0 ? body : null);
            Assert.Equal(HttpStatusCode.Conflict, status);
            Assert.Contains("managed by the configuration file quota.yaml", detail, StringComparison.Ordinal);
        }
        Assert.Empty(await silo.ReloadAsync(Yaml.Replace("bob: free", "carol: free", StringComparison.Ordinal)));
        Assert.Equal("SOURCE_API", (await silo.Admin.DoAsync("GET", "/v1/namespaces/shop/keys/api")).GetProperty("source").GetString());
        Assert.Equal("SOURCE_FILE", (await silo.Admin.DoAsync("GET", "/v1/namespaces/shop/keys/carol")).GetProperty("source").GetString());
        // A file that takes away what API objects need, or that names one of them, is refused as a whole.
        string before = await silo.Admin.ExportAsync();
        Assert.Equal(["quota.yaml: namespaces.shop.keys.acme: the key \"acme\" of namespace \"shop\" is the parent of 1 key"], await silo.ReloadAsync(Without(Yaml, "alice:", "acme:")));
        IReadOnlyList<string> errors = await silo.ReloadAsync(Yaml.Replace("bob: free", "api: free", StringComparison.Ordinal));
        Assert.StartsWith("quota.yaml:21:7: namespaces.shop.keys.api: the key \"api\" of namespace \"shop\" exists and was made through the API", Assert.Single(errors), StringComparison.Ordinal);
        Assert.Contains("has 1 key", Assert.Single(await silo.ReloadAsync("namespaces: {}"), e => e.Contains("has 1 key", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(before, await silo.Admin.ExportAsync());
    }

    [Fact]
    public async Task No_section_leaves_what_is_there_and_an_empty_one_removes_what_the_file_made()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync(Yaml);
        string before = await silo.Admin.ExportAsync();
        Assert.Empty(await silo.ReloadAsync("server: {}"));
        Assert.Equal(before, await silo.Admin.ExportAsync());
        Assert.Empty(await silo.ReloadAsync("namespaces: {}"));
        Assert.Equal("", await silo.Admin.ExportAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await silo.Checks.CheckAsync("shop", "bob")).Status);
    }

    [Fact]
    public async Task A_file_may_turn_a_hierarchy_round_and_replace_a_plan_in_one_step()
    {
        const string Before = "namespaces: { n: { plans: { a: { limits: [] } }, keys: { x: { plan: a }, y: { plan: a, parent: x }, z: { plan: a, parent: y } } } }";
        const string After = "namespaces: { n: { plans: { b: { limits: [] } }, keys: { x: { plan: b, parent: y }, y: { plan: b, parent: z }, z: { plan: b } } } }";
        await using AdminFixture silo = await AdminFixture.StartAsync(Before);
        Assert.Empty(await silo.ReloadAsync(After));
        Assert.Equal("y", silo.Host.Catalog.Current.Namespaces.Find("n")!.Keys.Find("x")!.Current.Parent!.Current.Name);
        Assert.Equal(HttpStatusCode.NotFound, (await silo.Admin.RefusedAsync("GET", "/v1/namespaces/n/plans/a")).Status);
    }

    [Fact]
    public async Task A_start_with_a_file_against_the_API_is_refused_with_its_line()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync();
        await silo.Admin.DoAsync("POST", "/v1/namespaces", """{"name":"shop"}""");
        Assert.StartsWith("quota.yaml:2:3: namespaces.shop: ", await silo.RestartAsync(Yaml), StringComparison.Ordinal);
    }

    private static string Without(string yaml, params string[] keys) => string.Join('\n', yaml.Split('\n').Where(l => !keys.Any(k => l.TrimStart().StartsWith(k, StringComparison.Ordinal))));

    private static async Task<int> TrailAsync(AdminFixture silo) => (await silo.Admin.DoAsync("GET", "/v1/audit?page_size=1000")).GetProperty("entries").GetArrayLength();
}
