using System.Net;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Every bound of the administration is an error that names its field, and changes nothing.</summary>
public sealed class AdminErrorTests : IAsyncLifetime
{
    private AdminFixture _silo = null!;

    public static TheoryData<string, string> Namespaces => new()
    {
        { """{}""", "name" },
        { """{"name":""}""", "name" },
        { $$"""{"name":"{{new string('n', 65)}}"}""", "name" },
        { """{"name":"quota.self"}""", "name" },
        { """{"name":"n","sync":7}""", "sync" },
        { """{"name":"n","unknown_keys":"UNKNOWN_KEYS_DEFAULT_PLAN"}""", "default_plan" },
        { """{"name":"n","default_plan":"none"}""", "default_plan" },
        { """{"name":"n","plan":"none"}""", "plan" },
        { """{"name":"n","request_ids":{"window":"25h"}}""", "request_ids.window" },
        { """{"name":"n","request_ids":{"per_key_max":"1000001"}}""", "request_ids.per_key_max" },
        { """{"name":"n","reservations":{"per_key_max":"-1"}}""", "reservations.per_key_max" },
        { """{"name":"n","reservations":{"on_expiry":9}}""", "reservations.on_expiry" },
        { """{"name":"n","billing":{"time_zone":"Mars/Olympus"}}""", "billing.time_zone" },
        { """{"name":"n","billing":{"anchor_day":32}}""", "billing.anchor_day" },
        { """{"name":"n","billing":{"seal_grace":"745h"}}""", "billing.seal_grace" },
        { """{"name":"n","billing":{"retention_months":1201}}""", "billing.retention_months" },
        { """{"name":"n","webhook":{"url":"ftp://x","secret":"0123456789abcdef"}}""", "webhook.url" },
        { """{"name":"n","webhook":{"url":"http://x","secret":"short"}}""", "webhook.secret" },
        { """{"name":"n","webhook":{"url":"http://x"}}""", "webhook.secret" },
        { """{"name":"n","colour":"red"}""", "colour" },
        { """{"name":""", "body" },
        { """[]""", "body" },
    };

    public static TheoryData<string, string> Keys => new()
    {
        { """{"plan":"p"}""", "name" },
        { $$"""{"name":"{{new string('k', 257)}}","plan":"p"}""", "name" },
        { """{"name":"a\nb","plan":"p"}""", "name" },
        { """{"name":"k"}""", "plan" },
        { """{"name":"k","plan":"none"}""", "plan" },
        { """{"name":"k","plan":"p","parent":"none"}""", "parent" },
        { """{"name":"k","plan":"p","parent":"k"}""", "parent" },
        { """{"name":"k","plan":"p","status":5}""", "status" },
        { """{"name":"k","plan":"p","disabled":5}""", "disabled" },
        { $$"""{"name":"k","plan":"p","note":"{{new string('n', 1025)}}"}""", "note" },
        { $$$"""{"name":"k","plan":"p","labels":{ {{{string.Join(',', Enumerable.Range(0, 17).Select(i => $"\"l{i}\":\"\""))}}} }}""", "labels" },
        { $$$"""{"name":"k","plan":"p","labels":{"l":"{{{new string('v', 257)}}}"}}""", "labels.l" },
        { """{"name":"k","plan":"p","billing":{"time_zone":"../../etc/passwd"}}""", "billing.time_zone" },
        { """{"name":"k","plan":"p","billing":{"anchor_day":-1}}""", "billing.anchor_day" },
        { """{"name":"k","plan":"p","overrides":[{"name":"yaer","quota":{"amount":"1","period":"PERIOD_YEAR"}}]}""", "overrides[0].name" },
        { """{"name":"k","plan":"p","overrides":[{"name":"year"}]}""", "overrides[0].rate" },
        { """{"name":"k","plan":"p","namespace":"other"}""", "namespace" },
    };

    public static TheoryData<string, string> Plans => new()
    {
        { """{"name":"x","limits":[{"rate":{"amount":"1","period":"1s"}}]}""", "limits[0].name" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1","period":"1s"}},{"name":"l","rate":{"amount":"1","period":"1s"}}]}""", "limits[1].name" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"-1","period":"1s"}}]}""", "limits[0].rate.amount" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1","period":"1ms"}}]}""", "limits[0].rate.period" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1"}}]}""", "limits[0].rate.period" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1","period":"1s","algorithm":9}}]}""", "limits[0].rate.algorithm" },
        { """{"name":"x","limits":[{"name":"l","quota":{"amount":"1"}}]}""", "limits[0].quota.period" },
        { """{"name":"x","limits":[{"name":"l","quota":{"amount":"1","period":"PERIOD_WEEK","anchor_day":8}}]}""", "limits[0].quota.anchor_day" },
        { """{"name":"x","limits":[{"name":"l","quota":{"amount":"1","period":"PERIOD_WEEK","thresholds":[80,80]}}]}""", "limits[0].quota.thresholds[1]" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1","period":"1s"},"match":{"route":{}}}]}""", "limits[0].match.route" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1","period":"1s"},"per":["a","b","c","d","e"]}]}""", "limits[0].per" },
        { """{"name":"x","limits":[{"name":"l","rate":{"amount":"1","period":"1s"},"mode":3}]}""", "limits[0].mode" },
        { """{"name":"x","limits":[],"units":["a","b","c","d","e","f","g","h"]}""", "units" },
    };

    public async Task InitializeAsync()
    {
        _silo = await AdminFixture.StartAsync();
        await _silo.Admin.DoAsync("POST", "/v1/namespaces", """{"name":"shop"}""");
        await _silo.Admin.DoAsync("POST", "/v1/namespaces/shop/plans", AdminTests.Plan);
    }

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task Bad_namespaces_are_refused_by_their_field() => await AllAsync("/v1/namespaces", Namespaces);

    [Fact]
    public async Task Bad_keys_are_refused_by_their_field() => await AllAsync("/v1/namespaces/shop/keys", Keys);

    [Fact]
    public async Task Bad_plans_are_refused_by_their_field() => await AllAsync("/v1/namespaces/shop/plans", Plans);

    [Fact]
    public async Task What_is_not_there_or_there_already_is_said_so()
    {
        Assert.Equal((HttpStatusCode.NotFound, "namespace"), AdminTests.Short(await _silo.Admin.RefusedAsync("POST", "/v1/namespaces/nowhere/plans", """{"name":"p"}""")));
        Assert.Equal(HttpStatusCode.NotFound, (await _silo.Admin.RefusedAsync("GET", "/v1/namespaces/nowhere")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _silo.Admin.RefusedAsync("PUT", "/v1/namespaces/shop/keys/k", """{"plan":"p"}""")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _silo.Admin.RefusedAsync("DELETE", "/v1/namespaces/shop/keys/k")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await _silo.Admin.RefusedAsync("POST", "/v1/namespaces", """{"name":"shop"}""")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _silo.Admin.RefusedAsync("PATCH", "/v1/namespaces/shop", "{}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _silo.Admin.RefusedAsync("GET", "/v1/namespaces/shop/keys/")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _silo.Admin.RefusedAsync("GET", "/v1/namespaces/shop/keys/k/more")).Status);
    }

    private async Task AllAsync(string path, TheoryData<string, string> cases)
    {
        string before = await _silo.Admin.ExportAsync();
        var wrong = new List<string>();
        foreach (object[] one in cases)
        {
            (HttpStatusCode status, string field, string detail) = await _silo.Admin.RefusedAsync("POST", path, (string)one[0]);
            if (status != HttpStatusCode.BadRequest || field != (string)one[1] || detail.Length == 0)
            {
                wrong.Add($"{one[0]}: expected {one[1]}, was {status} {field}: {detail}");
            }
        }
        Assert.Empty(wrong);
        Assert.Equal(before, await _silo.Admin.ExportAsync());
    }
}
