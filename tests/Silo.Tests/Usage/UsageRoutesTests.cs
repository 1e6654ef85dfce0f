using System.Net;
using System.Text;
using System.Text.Json;
using static Quota.Silo.Tests.Usage.UsageFixture;

namespace Quota.Silo.Tests.Usage;

/// <summary>The JSON twin: paths, parameters and errors; what the numbers mean is in the tests of the service.</summary>
public sealed class UsageRoutesTests : IAsyncLifetime
{
    private UsageFixture _f = null!;

    public async Task InitializeAsync() => _f = await StartAsync();

    public async Task DisposeAsync() => await _f.DisposeAsync();

    [Fact]
    public async Task A_key_and_its_days_are_read()
    {
        await _f.Usage.SaveMonthAsync("shop", "a/b c", October, Month(October, 12, refunded: 2));
        JsonElement usage = await GetAsync("/v1/namespaces/shop/keys/a%2Fb%20c/usage?month=2026-10&daily=true");
        Assert.Equal(("a/b c", "2026-10", "MONTH_STATE_RUNNING", "10"), (usage.GetProperty("key").GetString(), usage.GetProperty("month").GetString(), usage.GetProperty("state").GetString(), usage.GetProperty("units")[0].GetProperty("billable").GetString()));
        Assert.Equal("2026-10-05", usage.GetProperty("days")[0].GetProperty("day").GetString());
        JsonElement range = await GetAsync("/v1/namespaces/shop/keys/a%2Fb%20c/usage?from_day=2026-10-01&to_day=2026-10-06");
        Assert.Equal("12", range.GetProperty("units")[0].GetProperty("used").GetString());
    }

    [Fact]
    public async Task Keys_are_listed_in_pages_and_by_label()
    {
        await _f.Usage.SaveMonthAsync("shop", "acme", October, Month(October, 1));
        await _f.Usage.SaveMonthAsync("shop", "beta", October, Month(October, 2));
        JsonElement first = await GetAsync("/v1/namespaces/shop/usage?month=2026-10&page_size=1");
        Assert.Equal("ACME Inc.", first.GetProperty("keys")[0].GetProperty("labels").GetProperty("customer").GetString());
        JsonElement second = await GetAsync($"/v1/namespaces/shop/usage?month=2026-10&page_token={first.GetProperty("next_page_token").GetString()}");
        Assert.Equal("beta", second.GetProperty("keys")[0].GetProperty("key").GetString());
        JsonElement labelled = await GetAsync("/v1/namespaces/shop/usage?label=region:eu");
        Assert.Equal("acme", labelled.GetProperty("keys").EnumerateArray().Single().GetProperty("key").GetString());
    }

    [Fact]
    public async Task An_export_is_lines_of_a_header_keys_and_a_trailer()
    {
        await _f.Usage.SaveMonthAsync("shop", "acme", October, Month(October, 1));
        using HttpResponseMessage response = await _f.Edge.Http.GetAsync("/v1/namespaces/shop/usage:export?month=2026-10");
        Assert.Equal("application/jsonl", response.Content.Headers.ContentType!.MediaType);
        string[] lines = (await response.Content.ReadAsStringAsync()).TrimEnd().Split('\n');
        Assert.Equal(["header", "key", "trailer"], lines.Select(l => JsonDocument.Parse(l).RootElement.EnumerateObject().Single().Name));
    }

    [Fact]
    public async Task Adjustments_are_posted_and_months_are_listed()
    {
        const string Body = """{"month":"2026-10","adjustment":{"id":"t1","unit":"requests","amount":"-3","reason":"r","author":"a"}}""";
        JsonElement answer = await PostAsync("/v1/namespaces/shop/keys/acme/adjustments", Body, HttpStatusCode.OK);
        Assert.Equal("-3", answer.GetProperty("usage").GetProperty("units")[0].GetProperty("billable").GetString());
        Assert.True((await PostAsync("/v1/namespaces/shop/keys/acme/adjustments", Body, HttpStatusCode.OK)).GetProperty("repeat").GetBoolean());
        JsonElement other = await PostAsync("/v1/namespaces/shop/keys/acme/adjustments", Body.Replace("-3", "-4", StringComparison.Ordinal), HttpStatusCode.BadRequest);
        Assert.Equal("adjustment.id", other.GetProperty("field").GetString());
        JsonElement elsewhere = await PostAsync("/v1/namespaces/shop/keys/acme/adjustments", """{"key":"beta"}""", HttpStatusCode.BadRequest);
        Assert.Equal("key", elsewhere.GetProperty("field").GetString());
        JsonElement months = await GetAsync("/v1/namespaces/shop/months");
        Assert.Equal("2026-10", months.GetProperty("months")[0].GetProperty("month").GetString());
    }

    [Theory]
    [InlineData("/v1/namespaces/shop/usage?mont=2026-10", 400, "mont")]
    [InlineData("/v1/namespaces/shop/usage?month=october", 400, "month")]
    [InlineData("/v1/namespaces/shop/usage?page_size=x", 400, "page_size")]
    [InlineData("/v1/namespaces/shop/usage?label=x", 400, "label")]
    [InlineData("/v1/namespaces/shop/usage?daily=yes", 400, "daily")]
    [InlineData("/v1/namespaces/none/usage", 404, "namespace")]
    [InlineData("/v1/namespaces/none/usage:export", 404, "namespace")]
    [InlineData("/v1/namespaces/shop/keys/ghost/usage", 404, "key")]
    [InlineData("/v1/namespaces/shop/keys/acme/usage?from_day=2026-10-01", 400, "to_day")]
    [InlineData("/v1/namespaces/none/months", 404, "namespace")]
    public async Task Bad_requests_are_refused_with_the_name_of_the_field(string path, int status, string field)
    {
        using HttpResponseMessage response = await _f.Edge.Http.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(field, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_told_before_the_answer_begins()
    {
        await _f.Usage.SaveRecordAsync("shop", "bad", October, new byte[40]);
        using HttpResponseMessage response = await _f.Edge.Http.GetAsync("/v1/namespaces/shop/usage:export");
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Contains("bad", (await response.Content.ReadAsStringAsync()), StringComparison.Ordinal);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await _f.Edge.Http.GetAsync(path);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return JsonDocument.Parse(body).RootElement;
    }

    private async Task<JsonElement> PostAsync(string path, string body, HttpStatusCode expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _f.Edge.Http.PostAsync(path, content);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, answer);
        return JsonDocument.Parse(answer).RootElement;
    }
}
