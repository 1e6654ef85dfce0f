using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Json;
using Quota.Silo.Protocols.Native;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Protocols;

public sealed class JsonCheckTests
{
    [Fact]
    public async Task Check_is_answered_in_json()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        (HttpStatusCode status, JsonElement body) = await PostAsync(edge, """
            {"namespace":"acme","key":"deny","cost":"5","attributes":{"route":"/\u0061"},"requestId":"r","plan":null,"headers":"HEADER_DIALECT_LEGACY"}
            """);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("acme/deny cost=5 plan= id=r attributes=1 route=/a", edge.Limiter.Last);
        Assert.False(body.GetProperty("allowed").GetBoolean());
        Assert.Equal("REASON_LIMIT_EXCEEDED", body.GetProperty("reason").GetString());
        Assert.Equal("burst", body.GetProperty("limit").GetString());
        Assert.Equal("KEY_TREATMENT_KNOWN", body.GetProperty("keyTreatment").GetString());
        Assert.Equal(1001, body.GetProperty("retryAfterMs").GetInt64());
        Assert.Equal(100, body.GetProperty("limits")[0].GetProperty("amount").GetInt64());
        Assert.Equal("X-RateLimit-Limit", body.GetProperty("headers")[0].GetProperty("name").GetString());
        CheckQuotaResponse parsed = JsonParser.Default.Parse<CheckQuotaResponse>(body.GetRawText());
        Assert.Equal((3, 4), (parsed.Limits.Count, parsed.Headers.Count));
    }

    [Theory]
    [InlineData("""{"namespace":"acme","key":"k","headers":2,"detail":"DETAIL_VERDICT"}""", "acme/k cost=1 plan= id= attributes=0")]
    [InlineData("""{"namespace":"acme","key":"k","cost":0,"request_id":"x"}""", "acme/k cost=0 plan= id=x attributes=0")]
    [InlineData("""{"namespace":"acme","key":"k","cost":1e3}""", "acme/k cost=1000 plan= id= attributes=0")]
    [InlineData("""{"namespace":"acme","key":"k","costs":{"tokens.in":7,"tokens.\u006fut":"12"},"peek":true}""", "acme/k cost=1 plan= id= attributes=0 tokens.in:7 tokens.out:12 peek")]
    [InlineData("""{"namespace":"acme","key":"k","cost":0,"costs":{},"peek":false}""", "acme/k cost=0 plan= id= attributes=0")]
    [InlineData("""{"namespace":"acme","key":"k","costs":null,"peek":null}""", "acme/k cost=1 plan= id= attributes=0")]
    public async Task Proto3_json_forms_are_read(string body, string expected)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        (HttpStatusCode status, _) = await PostAsync(edge, body);
        Assert.Equal((HttpStatusCode.OK, expected), (status, edge.Limiter.Last));
    }

    [Theory]
    [InlineData("", "body", "malformed JSON")]
    [InlineData("{", "body", "malformed JSON")]
    [InlineData("[]", "body", "must be a JSON object")]
    [InlineData("{} {}", "body", "malformed JSON")]
    [InlineData("""{"kee":"k"}""", "kee", "there is no such field")]
    [InlineData("""{"key":5}""", "key", "must be a string")]
    [InlineData("""{"namespace":{}}""", "namespace", "must be a string")]
    [InlineData("""{"cost":"many"}""", "cost", "must be a 64-bit integer")]
    [InlineData("""{"cost":1.5}""", "cost", "must be a 64-bit integer")]
    [InlineData("""{"cost":9223372036854775808}""", "cost", "must be a 64-bit integer")]
    [InlineData("""{"cost":true}""", "cost", "must be a 64-bit integer")]
    [InlineData("""{"key":"a","key":"b"}""", "key", "must not be repeated")]
    [InlineData("""{"requestId":"a","request_id":"b"}""", "request_id", "must not be repeated")]
    [InlineData("""{"attributes":[]}""", "attributes", "must be an object of strings")]
    [InlineData("""{"attributes":{"a":1}}""", "attributes", "must be a string")]
    [InlineData("""{"attributes":{"a":"1","\u0061":"2"}}""", "attributes", "must not repeat a name")]
    [InlineData("""{"attributes":{"":"1"}}""", "attributes", "a name must be 1 to 64 bytes, was 0")]
    [InlineData("""{"costs":[1]}""", "costs", "must be an object of numbers")]
    [InlineData("""{"costs":{"a":{}}}""", "costs", "must be a 64-bit integer")]
    [InlineData("""{"costs":{"a":null}}""", "costs", "must be a 64-bit integer")]
    [InlineData("""{"costs":{"a":1.5}}""", "costs", "must be a 64-bit integer")]
    [InlineData("""{"costs":{"a":1,"\u0061":2}}""", "costs", "must not repeat a unit")]
    [InlineData("""{"costs":{"":1}}""", "costs", "the name of a unit must be 1 to 64 bytes, was 0")]
    [InlineData("""{"costs":{"requests":1}}""", "costs", "must not name requests")]
    [InlineData("""{"costs":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}}""", "costs", "must be at most 8 units")]
    [InlineData("""{"peek":"true"}""", "peek", "must be true or false")]
    [InlineData("""{"peak":true}""", "peak", "there is no such field")]
    [InlineData("""{"headers":"DRAFT_11"}""", "headers", "must be one of")]
    [InlineData("""{"headers":7}""", "headers", "there is no dialect 7")]
    [InlineData("""{"detail":-1}""", "detail", "there is no detail -1")]
    [InlineData("""{"key":"\ud800"}""", "key", "must be valid UTF-8")]
    [InlineData("""{"namespace":"acme"}""", "key", "must be 1 to 256 bytes, was 0")]
    public async Task Bad_bodies_are_problems_that_name_the_field(string body, string field, string detail)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        (HttpStatusCode status, JsonElement problem) = await PostAsync(edge, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal((400, "Bad Request", field), (problem.GetProperty("status").GetInt32(), problem.GetProperty("title").GetString(), problem.GetProperty("field").GetString()));
        Assert.StartsWith($"{field}: {detail}", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_errors_are_problems_too()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Post, "/v1/check", new ByteArrayContent([(byte)'{', (byte)'"', .. "key"u8, .. "\":\""u8, 0xFF, .. "\"}"u8]), "application/json")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Post, "/v1/check", new StringContent("""{"namespace":"x","key":"k"}"""), "application/json")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(HttpMethod.Post, "/v1/check", new StringContent("""{"namespace":"acme","key":"unavailable"}"""), "application/json")).Status);
        Assert.Equal(HttpStatusCode.InternalServerError, (await SendAsync(HttpMethod.Post, "/v1/check", new StringContent("""{"namespace":"acme","key":"throw"}"""), "application/json")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, "/nothing", null, null)).Status);
        (HttpStatusCode status, string? allow) = await SendAsync(HttpMethod.Get, "/v1/check", null, null);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (status, allow));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await SendAsync(HttpMethod.Post, "/v1/check", new StringContent("{}"), "text/plain")).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(HttpMethod.Post, "/v1/check", new ByteArrayContent(new byte[Bounds.JsonCheckBytesMax + 1]), "application/json")).Status);
        Assert.StartsWith("Quota.", await edge.Http.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Equal(0, edge.Server.Shedder.Calls);

        async Task<(HttpStatusCode Status, string? Allow)> SendAsync(HttpMethod method, string path, HttpContent? content, string? type)
        {
            using HttpRequestMessage request = new(method, path) { Content = content };
            request.Headers.TransferEncodingChunked = content is not null;
            content?.Headers.ContentType = new(type!);
            using HttpResponseMessage response = await edge.Http.SendAsync(request);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            using JsonDocument problem = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
            Assert.Equal((int)response.StatusCode, problem.RootElement.GetProperty("status").GetInt32());
            return (response.StatusCode, response.Content.Headers.Allow.FirstOrDefault());
        }
    }

    [Fact]
    public async Task Answers_name_levels_units_and_repeats()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        (_, JsonElement parent) = await PostAsync(edge, """{"namespace":"acme","key":"child-deny"}""");
        CheckQuotaResponse parsed = JsonParser.Default.Parse<CheckQuotaResponse>(parent.GetRawText());
        Assert.Equal(("tokens", "customer-7", TestLimiter.NowMs, false), (parsed.Limit, parsed.LimitKey, parsed.DecidedAtUnixMs, parsed.Repeat));
        Assert.Equal(["", "", "", "customer-7", "", "", ""], parsed.Limits.Select(l => l.Key));
        Assert.Equal(["", "", "", "tokens.in", "", "", ""], parsed.Limits.Select(l => l.Unit));
        Assert.Equal(JsonValueKind.Number, parent.GetProperty("decidedAtUnixMs").ValueKind);

        (_, JsonElement repeat) = await PostAsync(edge, """{"namespace":"acme","key":"repeat"}""");
        Assert.True(repeat.GetProperty("repeat").GetBoolean());
        (_, JsonElement disabled) = await PostAsync(edge, """{"namespace":"acme","key":"disabled"}""");
        Assert.Equal("REASON_KEY_DISABLED", disabled.GetProperty("reason").GetString());
        (_, JsonElement verdict) = await PostAsync(edge, """{"namespace":"acme","key":"k","detail":"DETAIL_VERDICT"}""");
        Assert.Equal("""{"allowed":true,"reason":"REASON_WITHIN_LIMITS","plan":"gold","keyTreatment":"KEY_TREATMENT_KNOWN","retryAfterMs":0}""", verdict.GetRawText());
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void Mutated_bodies_never_throw_and_read_as_googles_reader_reads_them(int seed)
    {
        Random random = new(seed);
        byte[] valid = Encoding.UTF8.GetBytes("""{"namespace":"acme","key":"k\n\u00e4","cost":"12","attributes":{"route":"/a","a":"1"},"requestId":"r1","plan":"gold","headers":"HEADER_DIALECT_DRAFT_11","detail":1,"costs":{"tokens.in":5,"b":"6"},"peek":true}""");
        int read = 0;
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] body = CheckRequestFuzzTests.Mutate(random, valid);
            byte[] scratch = new byte[body.Length];
            if (!JsonCheckReader.TryRead(body, scratch, ranges, costs, out CheckRequest request, out CheckOptions options, out RequestError error))
            {
                Assert.False(string.IsNullOrEmpty(error.Message));
                continue;
            }
            read++;
            CheckQuotaRequest oracle = JsonParser.Default.Parse<CheckQuotaRequest>(Encoding.UTF8.GetString(body));
            bool same = Encoding.UTF8.GetString(request.Namespace) == oracle.Namespace && Encoding.UTF8.GetString(request.Key) == oracle.Key
                && request.Cost == (oracle.HasCost ? oracle.Cost : 1) && request.Attributes.Count == oracle.Attributes.Count
                && Encoding.UTF8.GetString(request.RequestId) == oracle.RequestId && Encoding.UTF8.GetString(request.Plan) == oracle.Plan
                && request.IsPeek == oracle.Peek && Costs(request.Named).SequenceEqual(oracle.Costs.OrderBy(c => c.Key, StringComparer.Ordinal))
                && (int)options.Headers == (int)oracle.Headers && options.VerdictOnly == (oracle.Detail == Detail.Verdict);
            Assert.True(same, $"seed {seed}, round {i}: {Encoding.UTF8.GetString(body)}");
        }
        Assert.True(read > 2_000, $"{read} read");
    }

    private static List<KeyValuePair<string, long>> Costs(in NamedCosts costs)
    {
        List<KeyValuePair<string, long>> list = [];
        for (int i = 0; i < costs.Count; i++)
        {
            list.Add(new(Encoding.UTF8.GetString(costs.Name(i)), costs.Units(i)));
        }
        return [.. list.OrderBy(c => c.Key, StringComparer.Ordinal)];
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(EdgeFixture edge, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await edge.Http.PostAsync("/v1/check", content);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }
}
