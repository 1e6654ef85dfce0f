using System.Net;
using System.Text.Json;
using Quota.Silo.Catalog;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>What a key's own definition adds to its plan: status, parents, overrides, a billing calendar.</summary>
public sealed class KeyDefinitionTests : IAsyncLifetime
{
    private AdminFixture _silo = null!;

    private AdminSilo Admin => _silo.Admin;

    private NamespaceModel Shop => _silo.Host.Catalog.Current.Namespaces.Find("shop")!;

    public async Task InitializeAsync()
    {
        _silo = await AdminFixture.StartAsync();
        await Admin.DoAsync("POST", "/v1/namespaces", """{"name":"shop","billing":{"time_zone":"Europe/Berlin","anchor_day":3}}""");
        await Admin.DoAsync("POST", "/v1/namespaces/shop/plans", """{"name":"p","limits":[{"name":"month","quota":{"amount":"100","period":"PERIOD_MONTH"}},{"name":"hour","rate":{"amount":"50","period":"1h"}}]}""");
    }

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task A_disabled_key_gets_what_its_definition_says_and_counts_nothing()
    {
        await PutAsync("k");
        await _silo.Checks.CheckAsync("shop", "k", 5);
        await PutAsync("k", ",\"status\":\"STATUS_DISABLED\"");
        Assert.Equal((false, "REASON_KEY_DISABLED", "KEY_TREATMENT_KNOWN"), await CheckAsync("k"));
        await PutAsync("k", ",\"status\":\"STATUS_DISABLED\",\"disabled\":\"DISABLED_ALLOW\"");
        Assert.Equal((true, "REASON_KEY_DISABLED", "KEY_TREATMENT_KNOWN"), await CheckAsync("k"));
        await PutAsync("k", ",\"disabled\":\"DISABLED_ALLOW\"");
        Assert.Equal(95, await _silo.Checks.RemainingAsync("shop", "k", "month"));
    }

    [Fact]
    public async Task A_key_below_a_disabled_one_is_disabled_too()
    {
        await PutAsync("top");
        await PutAsync("middle", ",\"parent\":\"top\"");
        await PutAsync("low", ",\"parent\":\"middle\"");
        await PutAsync("top", ",\"status\":\"STATUS_DISABLED\"");
        Assert.Equal((false, "REASON_KEY_DISABLED", "KEY_TREATMENT_KNOWN"), await CheckAsync("low"));
        await PutAsync("middle", ",\"parent\":\"top\",\"status\":\"STATUS_DISABLED\",\"disabled\":\"DISABLED_ALLOW\"");
        Assert.Equal((true, "REASON_KEY_DISABLED", "KEY_TREATMENT_KNOWN"), await CheckAsync("low"));
        await PutAsync("middle");
        Assert.Equal((true, "REASON_WITHIN_LIMITS", "KEY_TREATMENT_KNOWN"), await CheckAsync("low"));
    }

    [Fact]
    public async Task Parents_exist_form_no_circle_and_are_at_most_three()
    {
        await PutAsync("a");
        await PutAsync("b", ",\"parent\":\"a\"");
        await PutAsync("c", ",\"parent\":\"b\"");
        await PutAsync("d", ",\"parent\":\"c\"");
        Assert.Contains("more than 3 keys above this one", await RefusedAsync("e", "d"), StringComparison.Ordinal);
        Assert.Contains("below this key itself", await RefusedAsync("a", "d"), StringComparison.Ordinal);
        Assert.Contains("its own parent", await RefusedAsync("a", "a"), StringComparison.Ordinal);
        // A subtree is as deep as its deepest key, and stays so when it moves.
        await PutAsync("z");
        Assert.Contains("those that are below this one", await RefusedAsync("a", "z"), StringComparison.Ordinal);
        await PutAsync("d");
        await PutAsync("a", ",\"parent\":\"z\"");
        Assert.Contains("more than 3 keys above this one", await RefusedAsync("d", "c"), StringComparison.Ordinal);
        await PutAsync("b");
        await PutAsync("d", ",\"parent\":\"c\"");
        Assert.Equal(["c", "b"], Above("d"));
        Assert.Equal(["z"], Above("a"));
    }

    [Fact]
    public async Task Random_moves_are_refused_exactly_when_a_naive_model_refuses_them()
    {
        string[] keys = [.. "abcdefghij".Select(c => c.ToString())];
        var parents = keys.ToDictionary(k => k, _ => (string?)null);
        foreach (string key in keys)
        {
            await PutAsync(key);
        }
        var random = new Random(7);
        int refused = 0;
        for (int step = 0; step < 300; step++)
        {
            string key = keys[random.Next(keys.Length)];
            string? parent = random.Next(4) == 0 ? null : keys[random.Next(keys.Length)];
            string? before = parents[key];
            parents[key] = parent;
            bool isRight = keys.All(k => Depth(k) <= 3);
            (HttpStatusCode status, _) = await Admin.SendAsync("PUT", $"/v1/namespaces/shop/keys/{key}", Body(parent));
            Assert.True(status == (isRight ? HttpStatusCode.OK : HttpStatusCode.BadRequest), $"step {step}: {key} below {parent}: {status}");
            if (!isRight)
            {
                parents[key] = before;
                refused++;
            }
            Assert.All(keys, k => Assert.Equal(parents[k], Shop.Keys.Find(k)!.Current.Parent?.Current.Name));
        }
        Assert.InRange(refused, 20, 280);

        int Depth(string key)
        {
            int depth = 0;
            for (string? at = parents[key]; at is not null && depth <= 20; at = parents[at])
            {
                depth++;
            }
            return depth;
        }

        static string Body(string? parent) => parent is null ? """{"plan":"p"}""" : $$"""{"plan":"p","parent":"{{parent}}"}""";
    }

    [Fact]
    public async Task The_namespace_with_a_plan_is_above_every_key_without_a_parent()
    {
        await PutAsync("a");
        await PutAsync("b", ",\"parent\":\"a\"");
        Assert.Null(Shop.Keys.Find("a")!.Current.Above);
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", """{"plan":"p"}""");
        Assert.Equal(["a", ""], Above("b"));
        Assert.Same(Shop.Root, Shop.Keys.Find("a")!.Current.Above);
        await Admin.DoAsync("PUT", "/v1/namespaces/shop/plans/p", """{"name":"p","limits":[{"name":"hour","rate":{"amount":"7","period":"1h"}}]}""");
        Assert.Equal(7, Shop.Root!.Current.Plan.Limits[0].Capacity);
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", "{}");
        Assert.Null(Shop.Keys.Find("a")!.Current.Above);
    }

    [Fact]
    public async Task An_override_replaces_the_limit_of_its_name_and_follows_the_plan_otherwise()
    {
        await PutAsync("plain");
        await PutAsync("own", ",\"overrides\":[{\"name\":\"hour\",\"rate\":{\"amount\":\"500\",\"period\":\"1h\"}}]");
        Assert.Equal((100, 500), (await _silo.Checks.RemainingAsync("shop", "own", "month"), await _silo.Checks.RemainingAsync("shop", "own", "hour")));
        Assert.Equal(50, await _silo.Checks.RemainingAsync("shop", "plain", "hour"));
        await _silo.Checks.CheckAsync("shop", "own", 60);
        await Admin.DoAsync("PUT", "/v1/namespaces/shop/plans/p", """{"name":"p","limits":[{"name":"month","quota":{"amount":"300","period":"PERIOD_MONTH"}},{"name":"hour","rate":{"amount":"40","period":"1h"}}]}""");
        Assert.Equal((240, 440), (await _silo.Checks.RemainingAsync("shop", "own", "month"), await _silo.Checks.RemainingAsync("shop", "own", "hour")));
        Assert.Equal(40, await _silo.Checks.RemainingAsync("shop", "plain", "hour"));
    }

    [Fact]
    public async Task A_key_is_billed_by_its_own_calendar_or_its_namespaces()
    {
        await PutAsync("follows");
        await PutAsync("zone", ",\"billing\":{\"time_zone\":\"Asia/Tokyo\"}");
        await PutAsync("day", ",\"billing\":{\"anchor_day\":31}");
        Assert.Equal(["Europe/Berlin 3", "Asia/Tokyo 3", "Europe/Berlin 31"], Calendars());
        await Admin.DoAsync("PUT", "/v1/namespaces/shop", """{"billing":{"anchor_day":9}}""");
        Assert.Equal(["UTC 9", "Asia/Tokyo 9", "UTC 31"], Calendars());

        IEnumerable<string> Calendars() => ((string[])["follows", "zone", "day"]).Select(k =>
        {
            Quota.Grains.Model.PlanModel plan = Shop.Keys.Find(k)!.Current.Plan;
            Quota.Grains.Calendar.CalendarRule month = plan.Limits.Single(l => l.Name == "month").Shape.Calendar!;
            Assert.Equal(plan.Billing!.Month, month);
            return $"{month.ZoneId} {month.AnchorDay}";
        });
    }

    [Fact]
    public async Task Keys_with_the_same_additions_share_one_form_of_the_plan()
    {
        const string Own = ",\"overrides\":[{\"name\":\"hour\",\"rate\":{\"amount\":\"500\",\"period\":\"1h\"}}],\"billing\":{\"anchor_day\":5}";
        for (int i = 0; i < 20; i++)
        {
            await PutAsync($"k{i}", i % 2 == 0 ? Own : "");
        }
        Assert.Equal(2, Enumerable.Range(0, 20).Select(i => Shop.Keys.Find($"k{i}")!.Current.Plan).Distinct().Count());
    }

    private async Task PutAsync(string key, string more = "")
    {
        (HttpStatusCode status, _) = await Admin.SendAsync("GET", $"/v1/namespaces/shop/keys/{key}");
        string body = $$"""{"name":"{{key}}","plan":"p"{{more}}}""";
        await (status == HttpStatusCode.OK ? Admin.DoAsync("PUT", $"/v1/namespaces/shop/keys/{key}", body) : Admin.DoAsync("POST", "/v1/namespaces/shop/keys", body));
    }

    private async Task<string> RefusedAsync(string key, string parent)
    {
        (HttpStatusCode status, _) = await Admin.SendAsync("GET", $"/v1/namespaces/shop/keys/{key}");
        string body = $$"""{"name":"{{key}}","plan":"p","parent":"{{parent}}"}""";
        (HttpStatusCode Status, string Field, string Detail) refused = status == HttpStatusCode.OK
            ? await Admin.RefusedAsync("PUT", $"/v1/namespaces/shop/keys/{key}", body)
            : await Admin.RefusedAsync("POST", "/v1/namespaces/shop/keys", body);
        Assert.Equal((HttpStatusCode.BadRequest, "parent"), AdminTests.Short(refused));
        return refused.Detail;
    }

    private async Task<(bool Allowed, string Reason, string Treatment)> CheckAsync(string key)
    {
        JsonElement body = (await _silo.Checks.CheckAsync("shop", key)).Body;
        return (body.GetProperty("allowed").GetBoolean(), body.GetProperty("reason").GetString()!, body.GetProperty("keyTreatment").GetString()!);
    }

    private IEnumerable<string> Above(string key)
    {
        for (KeyState? at = Shop.Keys.Find(key)!.Current.Above; at is not null; at = at.Current.Above)
        {
            yield return at.Current.Name;
        }
    }
}
