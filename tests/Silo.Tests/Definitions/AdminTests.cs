using System.Globalization;
using System.Net;
using System.Text.Json;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Creating, reading, replacing and deleting over the sockets of a whole silo.</summary>
public sealed class AdminTests : IAsyncLifetime
{
    internal const string Plan = """{"name":"p","limits":[{"name":"year","quota":{"amount":"100","period":"PERIOD_YEAR"}},{"name":"hour","rate":{"amount":"50","period":"1h"}}]}""";

    private AdminFixture _silo = null!;

    private AdminSilo Admin => _silo.Admin;

    public async Task InitializeAsync()
    {
        _silo = await AdminFixture.StartAsync();
        await Admin.DoAsync("POST", "/v1/namespaces", """{"name":"shop"}""");
        await Admin.DoAsync("POST", "/v1/namespaces/shop/plans", Plan);
    }

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task A_change_is_in_force_when_it_is_acknowledged()
    {
        Assert.Equal("REASON_UNKNOWN_KEY", await ReasonAsync("k"));
        for (int round = 0; round < 20; round++)
        {
            await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", """{"name":"k","plan":"p"}""");
            Assert.Equal("REASON_WITHIN_LIMITS", await ReasonAsync("k"));
            await Admin.DoAsync("DELETE", "/v1/namespaces/shop/keys/k");
            Assert.Equal("REASON_UNKNOWN_KEY", await ReasonAsync("k"));
        }
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", """{"unknown_keys":"UNKNOWN_KEYS_ALLOW"}""");
        Assert.True((await _silo.Checks.CheckAsync("shop", "stranger")).Body.GetProperty("allowed").GetBoolean());
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", """{"default_plan":"p"}""");
        Assert.Equal(99, await RemainingAfterAsync("stranger"));
    }

    [Fact]
    public async Task A_replaced_plan_is_in_force_for_all_its_keys_and_keeps_what_they_used()
    {
        string[] keys = [.. Enumerable.Range(0, 5).Select(i => $"k{i}")];
        foreach (string key in keys)
        {
            await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", $$"""{"name":"{{key}}","plan":"p"}""");
            await _silo.Checks.CheckAsync("shop", key, 10);
        }
        await Admin.DoAsync("PUT", "/v1/namespaces/shop/plans/p", Plan.Replace("\"100\"", "\"40\"", StringComparison.Ordinal));
        foreach (string key in keys)
        {
            Assert.Equal(30, await _silo.Checks.RemainingAsync("shop", key, "year"));
        }
    }

    [Fact]
    public async Task An_etag_changes_with_every_write_and_a_stale_one_is_refused()
    {
        JsonElement first = await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", """{"name":"k","plan":"p"}""");
        string etag = first.GetProperty("etag").GetString()!;
        JsonElement second = await Admin.DoAsync("PUT", "/v1/namespaces/shop/keys/k", $$"""{"plan":"p","note":"2","etag":"{{etag}}"}""");
        Assert.NotEqual(etag, second.GetProperty("etag").GetString());
        Assert.Equal((HttpStatusCode.PreconditionFailed, "etag"), Short(await Admin.RefusedAsync("PUT", "/v1/namespaces/shop/keys/k", $$"""{"plan":"p","note":"3","etag":"{{etag}}"}""")));
        Assert.Equal((HttpStatusCode.PreconditionFailed, "etag"), Short(await Admin.RefusedAsync("PUT", "/v1/namespaces/shop/keys/k", """{"plan":"p","note":"3"}""", ("If-Match", $"\"{etag}\""))));
        Assert.Equal((HttpStatusCode.PreconditionFailed, "etag"), Short(await Admin.RefusedAsync("DELETE", "/v1/namespaces/shop/keys/k", null, ("If-Match", $"\"{etag}\""))));
        Assert.Equal("2", (await Admin.DoAsync("GET", "/v1/namespaces/shop/keys/k")).GetProperty("note").GetString());
        await Admin.DoAsync("PUT", "/v1/namespaces/shop/keys/k", """{"plan":"p","note":"4"}""");
        // Deleted and made again it is another object, whatever it says.
        string last = (await Admin.DoAsync("GET", "/v1/namespaces/shop/keys/k")).GetProperty("etag").GetString()!;
        await Admin.DoAsync("DELETE", "/v1/namespaces/shop/keys/k", null, ("If-Match", $"\"{last}\""));
        await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", """{"name":"k","plan":"p","note":"4"}""");
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Admin.RefusedAsync("PUT", "/v1/namespaces/shop/keys/k", """{"plan":"p"}""", ("If-Match", last))).Status);
    }

    [Fact]
    public async Task What_is_used_cannot_be_deleted_and_the_error_says_by_how_many()
    {
        for (int i = 0; i < 3; i++)
        {
            await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", $$"""{"name":"k{{i}}","plan":"p"{{(i > 0 ? ",\"parent\":\"k0\"" : "")}}}""");
        }
        Assert.Equal((HttpStatusCode.Conflict, "the plan \"p\" of namespace \"shop\" is used by 3 keys"), Detail(await Admin.RefusedAsync("DELETE", "/v1/namespaces/shop/plans/p")));
        Assert.Equal((HttpStatusCode.Conflict, "the key \"k0\" of namespace \"shop\" is the parent of 2 keys"), Detail(await Admin.RefusedAsync("DELETE", "/v1/namespaces/shop/keys/k0")));
        Assert.Equal((HttpStatusCode.Conflict, "the namespace \"shop\" has 3 keys"), Detail(await Admin.RefusedAsync("DELETE", "/v1/namespaces/shop")));
        foreach (int i in (int[])[2, 1, 0])
        {
            await Admin.DoAsync("DELETE", $"/v1/namespaces/shop/keys/k{i}");
        }
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", """{"plan":"p"}""");
        Assert.Equal((HttpStatusCode.Conflict, "the plan \"p\" of namespace \"shop\" is used by its namespace (plan)"), Detail(await Admin.RefusedAsync("DELETE", "/v1/namespaces/shop/plans/p")));
        await Admin.DoAsync("DELETE", "/v1/namespaces/shop");
        Assert.Equal(HttpStatusCode.NotFound, (await Admin.RefusedAsync("GET", "/v1/namespaces/shop/plans/p")).Status);
        Assert.Equal("", await Admin.ExportAsync());
    }

    [Fact]
    public async Task Thousands_of_keys_are_paged_through_in_a_stable_order_with_every_filter()
    {
        var lines = new List<string>();
        for (int i = 0; i < 2500; i++)
        {
            lines.Add($$$"""{"key":{"namespace":"shop","name":"k{{{i:d5}}}","plan":"p","labels":{"customer":"c{{{i % 10}}}","tier":"t{{{i % 3}}}"}{{{(i % 5 == 1 ? ",\"status\":\"STATUS_DISABLED\"" : "")}}}{{{(i % 100 == 7 ? ",\"parent\":\"k00000\"" : "")}}}}}""");
        }
        JsonElement progress = await Admin.ImportAsync(string.Join('\n', lines));
        Assert.Equal("2500", progress.GetProperty("created").GetString());
        string[] all = await NamesAsync("page_size=1000");
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"k{i:d5}"), all);
        Assert.Equal(all, await NamesAsync("page_size=333"));
        Assert.Equal(250, (await NamesAsync("label=customer:c3")).Length);
        Assert.Equal(83, (await NamesAsync("label=customer:c3&label=tier:t1&page_size=7")).Length);
        Assert.Equal(500, (await NamesAsync("status=disabled")).Length);
        Assert.Equal(2000, (await NamesAsync("status=active")).Length);
        Assert.Equal(25, (await NamesAsync("parent=k00000")).Length);
        Assert.Equal(100, (await NamesAsync("prefix=k010&page_size=9")).Length);
        Assert.Equal(["k00042"], await NamesAsync("prefix=k00042"));
        Assert.Empty(await NamesAsync("plan=other"));
        Assert.Equal((HttpStatusCode.BadRequest, "page_size"), Short(await Admin.RefusedAsync("GET", "/v1/namespaces/shop/keys?page_size=1001")));
        Assert.Equal((HttpStatusCode.BadRequest, "page_token"), Short(await Admin.RefusedAsync("GET", "/v1/namespaces/shop/keys?page_token=*")));
        Assert.Equal((HttpStatusCode.BadRequest, "labels"), Short(await Admin.RefusedAsync("GET", "/v1/namespaces/shop/keys?labels=a:b")));
        Assert.Equal((HttpStatusCode.NotFound, "namespace"), Short(await Admin.RefusedAsync("GET", "/v1/namespaces/nowhere/keys")));
    }

    [Fact]
    public async Task A_name_may_contain_what_paths_are_made_of()
    {
        foreach (string name in (string[])["a/b", "ä €", "x?y=z", "k:erase", "%2F", "+", "\U0001F600"])
        {
            string path = "/v1/namespaces/shop/keys/" + Uri.EscapeDataString(name);
            await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", JsonSerializer.Serialize(new { name, plan = "p" }));
            Assert.Equal(name, (await Admin.DoAsync("GET", path)).GetProperty("name").GetString());
            await Admin.DoAsync("DELETE", path);
        }
    }

    [Fact]
    public async Task The_trail_says_who_when_before_and_after()
    {
        await Admin.DoAsync("POST", "/v1/namespaces/shop/keys", """{"name":"k","plan":"p","note":"one"}""", ("quota-actor", "ada"));
        await Admin.DoAsync("PUT", "/v1/namespaces/shop/keys/k", """{"plan":"p","note":"two"}""");
        // What changes nothing leaves nothing.
        await Admin.DoAsync("PUT", "/v1/namespaces/shop/keys/k", """{"plan":"p","note":"two"}""");
        await Admin.DoAsync("DELETE", "/v1/namespaces/shop/keys/k", null, ("quota-actor", "eve"));
        JsonElement trail = await Admin.DoAsync("GET", "/v1/audit?namespace=shop&key=k");
        Assert.Equal(["ada create - one", "127.0.0.1 replace one two", "eve delete two -"], trail.GetProperty("entries").EnumerateArray().Select(e => $"{e.GetProperty("actor")} {e.GetProperty("action")} {Note(e, "before")} {Note(e, "after")}"));
        long at = long.Parse(trail.GetProperty("entries")[2].GetProperty("at_unix_ms").GetString()!, CultureInfo.InvariantCulture);
        Assert.InRange(at, DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        var seen = new List<string>();
        for (string token = ""; ;)
        {
            JsonElement page = await Admin.DoAsync("GET", $"/v1/audit?page_size=2&page_token={token}");
            seen.AddRange(page.TryGetProperty("entries", out JsonElement entries) ? entries.EnumerateArray().Select(e => e.GetProperty("action").GetString()!) : []);
            if (!page.TryGetProperty("next_page_token", out JsonElement next))
            {
                break;
            }
            token = next.GetString()!;
        }
        Assert.Equal(["create", "create", "create", "replace", "delete"], seen);
        Assert.Equal((HttpStatusCode.BadRequest, "quota-actor"), Short(await Admin.RefusedAsync("DELETE", "/v1/namespaces/shop/plans/p", null, ("quota-actor", new string('a', 129)))));

        static string Note(JsonElement entry, string side) => entry.TryGetProperty(side, out JsonElement definition) ? definition.GetProperty("key").GetProperty("note").GetString()! : "-";
    }

    [Fact]
    public async Task A_secret_is_kept_but_never_shown()
    {
        const string Url = "\"url\":\"https://example.org/hook\"";
        JsonElement shown = await Admin.DoAsync("PUT", "/v1/namespaces/shop", $$$"""{"webhook":{{{{Url}}},"secret":"0123456789abcdef"}}""");
        Assert.Equal("(set)", shown.GetProperty("webhook").GetProperty("secret").GetString());
        // Sent back as it was shown, it stays what it was.
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", $$$"""{"on_failure":"ON_FAILURE_DENY","webhook":{{{{Url}}},"secret":"(set)"}}""");
        Assert.Equal("0123456789abcdef", _silo.Host.Catalog.Current.Namespaces.Find("shop")!.Webhook!.Secret);
        string everything = await Admin.ExportAsync() + await Admin.DoAsync("GET", "/v1/audit");
        Assert.DoesNotContain("0123456789abcdef", everything, StringComparison.Ordinal);
        Assert.Equal("webhook.secret", (await Admin.RefusedAsync("POST", "/v1/namespaces", $$$"""{"name":"other","webhook":{{{{Url}}},"secret":"(set)"}}""")).Field);
    }

    internal static (HttpStatusCode Status, string Field) Short((HttpStatusCode Status, string Field, string Detail) refused) => (refused.Status, refused.Field);

    internal static (HttpStatusCode Status, string Detail) Detail((HttpStatusCode Status, string Field, string Detail) refused) => (refused.Status, refused.Detail);

    private async Task<string> ReasonAsync(string key) => (await _silo.Checks.CheckAsync("shop", key)).Body.GetProperty("reason").GetString()!;

    private async Task<long> RemainingAfterAsync(string key)
    {
        await _silo.Checks.CheckAsync("shop", key);
        return await _silo.Checks.RemainingAsync("shop", key, "year");
    }

    private async Task<string[]> NamesAsync(string query)
    {
        var names = new List<string>();
        for (string token = ""; ;)
        {
            JsonElement page = await Admin.DoAsync("GET", $"/v1/namespaces/shop/keys?{query}&page_token={token}");
            names.AddRange(page.TryGetProperty("keys", out JsonElement keys) ? keys.EnumerateArray().Select(k => k.GetProperty("name").GetString()!) : []);
            if (!page.TryGetProperty("next_page_token", out JsonElement next))
            {
                return [.. names];
            }
            token = next.GetString()!;
        }
    }
}
