using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Protocols;

/// <summary>Reserve, settle, cancel, extend, refund and explain over real sockets, in both protocols, above the limits.</summary>
public sealed class OperationTests
{
    private const string Id = "00ff00000000000000000000000000ab";

    [Fact]
    public async Task Reserve_is_translated_both_ways()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        ReserveRequest request = new() { Namespace = "acme", Key = "k", RequestId = "r", Attributes = { ["route"] = "/a" }, Costs = { ["tokens.in"] = 900 }, TtlMs = 30_000, OnExpiry = ExpiryPolicy.Cancel };
        ReserveResponse response = await CallAsync(edge, "Reserve", request, ReserveResponse.Parser);
        Assert.Equal("acme/k cost=1 plan= id=r attributes=1 route=/a tokens.in:900 ttl=30000 cancel", edge.Limiter.Last);
        Assert.Equal((true, 3, "00000000000000000000000000000001", TestLimiter.NowMs + 30_000), (response.Decision.Allowed, response.Decision.Limits.Count, response.ReservationId, response.ExpiresAtUnixMs));

        (HttpStatusCode status, JsonElement body) = await PostAsync(edge, "reserve", """{"namespace":"acme","key":"k","requestId":"r","attributes":{"route":"/a"},"costs":{"tokens.in":"900"},"ttlMs":30000,"onExpiry":"EXPIRY_POLICY_CANCEL"}""");
        Assert.Equal((HttpStatusCode.OK, "acme/k cost=1 plan= id=r attributes=1 route=/a tokens.in:900 ttl=30000 cancel"), (status, edge.Limiter.Last));
        Assert.Equal(response, JsonParser.Default.Parse<ReserveResponse>(body.GetRawText()));
        Assert.Equal(JsonValueKind.Number, body.GetProperty("expiresAtUnixMs").ValueKind);
    }

    [Theory]
    [InlineData(ExpiryPolicy.Unspecified, "ttl=0")]
    [InlineData(ExpiryPolicy.Settle, "ttl=0 settle")]
    [InlineData(ExpiryPolicy.Cancel, "ttl=0 cancel")]
    public async Task Expiry_policies_are_told_apart(ExpiryPolicy policy, string expected)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        await CallAsync(edge, "Reserve", new ReserveRequest { Namespace = "acme", Key = "k", OnExpiry = policy, Detail = Detail.Verdict }, ReserveResponse.Parser);
        Assert.EndsWith(expected, edge.Limiter.Last, StringComparison.Ordinal);
        await PostAsync(edge, "reserve", $$"""{"namespace":"acme","key":"k","on_expiry":{{(int)policy}}}""");
        Assert.EndsWith(expected, edge.Limiter.Last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_reservation_has_no_id()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        ReserveResponse response = await CallAsync(edge, "Reserve", new ReserveRequest { Namespace = "acme", Key = "child-deny" }, ReserveResponse.Parser);
        Assert.Equal((false, "customer-7", "", 0), (response.Decision.Allowed, response.Decision.LimitKey, response.ReservationId, response.ExpiresAtUnixMs));
        (_, JsonElement body) = await PostAsync(edge, "reserve", """{"namespace":"acme","key":"child-deny"}""");
        Assert.False(body.TryGetProperty("reservationId", out _));
    }

    [Fact]
    public async Task Settle_is_translated_both_ways()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        SettleResponse response = await CallAsync(edge, "Settle", new SettleRequest { Namespace = "acme", Key = "full", ReservationId = Id, Cost = 0, Costs = { ["tokens.in"] = 12 } }, SettleResponse.Parser);
        Assert.Equal($"acme/full {Id} requests:0 tokens.in:12", edge.Operations.Last);
        Assert.Equal((false, "tokens", "customer-7", 12), (response.Settled, response.Limit, response.LimitKey, response.Costs["tokens.in"]));
        LimitStatus parent = response.Limits[1];
        Assert.Equal(("tokens", "tokens.in", "customer-7", 900, 5, TestLimiter.NowMs + 10), (parent.Name, parent.Unit, parent.Key, parent.Amount, parent.RetryAfterMs, parent.ResetAtUnixMs));

        (_, JsonElement body) = await PostAsync(edge, "settle", """{"namespace":"acme","key":"full","reservation_id":"ID","cost":0,"costs":{"tokens.in":12}}""".Replace("ID", Id, StringComparison.Ordinal));
        Assert.Equal($"acme/full {Id} requests:0 tokens.in:12", edge.Operations.Last);
        Assert.Equal(response, JsonParser.Default.Parse<SettleResponse>(body.GetRawText()));
        Assert.Equal(JsonValueKind.Number, body.GetProperty("costs").GetProperty("tokens.in").ValueKind);

        response = await CallAsync(edge, "Settle", new SettleRequest { Namespace = "acme", Key = "repeat", ReservationId = Id }, SettleResponse.Parser);
        Assert.Equal(($"acme/repeat {Id}", true, true), (edge.Operations.Last, response.Settled, response.Repeat));
    }

    [Fact]
    public async Task Cancel_is_translated_both_ways()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        CancelResponse response = await CallAsync(edge, "Cancel", new CancelRequest { Namespace = "acme", Key = "repeat", ReservationId = Id }, CancelResponse.Parser);
        Assert.Equal(($"acme/repeat {Id}", true, 500), (edge.Operations.Last, response.Repeat, response.Costs["tokens.in"]));
        (_, JsonElement body) = await PostAsync(edge, "cancel", $$"""{"namespace":"acme","key":"repeat","reservationId":"{{Id}}"}""");
        Assert.Equal(response, JsonParser.Default.Parse<CancelResponse>(body.GetRawText()));
    }

    [Fact]
    public async Task Extend_is_translated_both_ways()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        ReserveResponse response = await CallAsync(edge, "Extend", new ExtendRequest { Namespace = "acme", Key = "full", ReservationId = Id, TtlMs = 5_000, AddCosts = { ["requests"] = 1, ["tokens.in"] = 9 } }, ReserveResponse.Parser);
        Assert.Equal($"acme/full {Id} ttl=5000 requests:1 tokens.in:9", edge.Operations.Last);
        Assert.Equal((false, "tokens", Id, TestLimiter.NowMs + 60_000), (response.Decision.Allowed, response.Decision.Limit, response.ReservationId, response.ExpiresAtUnixMs));
        (_, JsonElement body) = await PostAsync(edge, "extend", """{"namespace":"acme","key":"full","reservationId":"ID","ttlMs":5000,"addCosts":{"requests":1,"tokens.in":9}}""".Replace("ID", Id, StringComparison.Ordinal));
        Assert.Equal($"acme/full {Id} ttl=5000 requests:1 tokens.in:9", edge.Operations.Last);
        Assert.Equal(response, JsonParser.Default.Parse<ReserveResponse>(body.GetRawText()));
    }

    [Theory]
    [InlineData("", "requests:1")]
    [InlineData(""","cost":0""", "")]
    [InlineData(""","cost":3""", "requests:3")]
    [InlineData(""","costs":{"tokens.in":7}""", "tokens.in:7")]
    [InlineData(""","cost":2,"costs":{"tokens.in":7}""", "requests:2 tokens.in:7")]
    public async Task Refund_gives_back_what_is_named(string costs, string expected)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        string body = $$"""{"namespace":"acme","key":"k","attributes":{"route":"/a"},"requestId":"r","plan":"gold","decidedAtUnixMs":1699999999999,"reason":"upstream failed"{{costs}}}""";
        string text = $"acme/k {expected} id=r plan=gold at=1699999999999 why=upstream failed [route=/a]";
        (_, JsonElement json) = await PostAsync(edge, "refund", body);
        Assert.Equal(text, edge.Operations.Last);
        RefundResponse response = await CallAsync(edge, "Refund", JsonParser.Default.Parse<RefundRequest>(body), RefundResponse.Parser);
        Assert.Equal(text, edge.Operations.Last);
        Assert.Equal(response, JsonParser.Default.Parse<RefundResponse>(json.GetRawText()));
        Assert.Equal(("2026-10", false, 2), (response.Month, response.Adjustment, response.Limits.Count));
    }

    [Fact]
    public async Task Explain_is_translated_both_ways()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        ExplainResponse response = await CallAsync(edge, "Explain", new CheckQuotaRequest { Namespace = "acme", Key = "k", Costs = { ["tokens.in"] = 1 } }, ExplainResponse.Parser);
        Assert.Equal("acme/k cost=1 plan= id= attributes=0 tokens.in:1", edge.Operations.Last);
        Assert.Equal((true, "gold", 2), (response.Answer.Allowed, response.Answer.Plan, response.Levels.Count));
        ExplainedLimit quota = response.Levels[0].Limits[0];
        Assert.Equal(("month", "requests", "quota", LimitMode.Enforce, true, 12_000, 4_500, 7_500), (quota.Name, quota.Unit, quota.Algorithm, quota.Mode, quota.Applies, quota.Amount, quota.Used, quota.Remaining));
        Assert.Equal((1, 2, 2_000, 30), (quota.WindowStartUnixMs, quota.WindowEndUnixMs, quota.RolledOver, quota.InitialOffset));
        ExplainedLimit trial = response.Levels[0].Limits[1];
        Assert.Equal(("fixed_window", LimitMode.Shadow, false, "route is not /a", 0), (trial.Algorithm, trial.Mode, trial.Applies, trial.Why, trial.Remaining));
        Assert.Equal(("", "customer", "token_bucket"), (response.Levels[1].Key, response.Levels[1].Plan, response.Levels[1].Limits[0].Algorithm));

        (_, JsonElement body) = await PostAsync(edge, "explain", """{"namespace":"acme","key":"k","costs":{"tokens.in":1}}""");
        Assert.Equal(response, JsonParser.Default.Parse<ExplainResponse>(body.GetRawText()));
    }

    [Theory]
    [InlineData("settle", """{"namespace":"acme","key":"gone","reservationId":"x"}""", 404, "reservation_id", "reservation_id: the key has no such reservation")]
    [InlineData("cancel", """{"namespace":"acme","key":"ended"}""", 409, "reservation_id", "reservation_id: was cancelled")]
    [InlineData("extend", """{"key":"ended"}""", 409, "reservation_id", "reservation_id: was cancelled")]
    [InlineData("refund", """{"key":"gone"}""", 404, "reservation_id", "reservation_id: the key")]
    [InlineData("settle", """{"costs":{"requests":1}}""", 400, "costs", "costs: must not name requests")]
    [InlineData("refund", """{"costs":{"requests":1}}""", 400, "costs", "costs: must not name requests")]
    [InlineData("settle", """{"cost":-1}""", 400, "cost", "cost: must be 0 to 1000000000000, was -1")]
    [InlineData("refund", """{"cost":1000000000001}""", 400, "cost", "cost: must be 0 to")]
    [InlineData("settle", """{"costs":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}}""", 400, "costs", "costs: must be at most 8 units, was 9")]
    [InlineData("settle", """{"costs":{"a":1,"a":2}}""", 400, "costs", "costs: must not repeat a unit")]
    [InlineData("settle", """{"costs":[]}""", 400, "costs", "costs: must be an object of numbers")]
    [InlineData("settle", """{"costs":{"a":"x"}}""", 400, "costs", "costs: must be a 64-bit integer")]
    [InlineData("refund", """{"attributes":{"a":1}}""", 400, "attributes", "attributes: must be a string")]
    [InlineData("refund", """{"attributes":{"a":"1","a":"2"}}""", 400, "attributes", "attributes: must not repeat a name")]
    [InlineData("refund", """{"decidedAtUnixMs":1,"decided_at_unix_ms":1}""", 400, "decided_at_unix_ms", "decided_at_unix_ms: must not be repeated")]
    [InlineData("cancel", """{"reservationId":5}""", 400, "reservation_id", "reservation_id: must be a string")]
    [InlineData("cancel", """{"cost":5}""", 400, "cost", "cost: there is no such field")]
    [InlineData("cancel", "{", 400, "body", "body: malformed JSON at line 1")]
    [InlineData("cancel", "[]", 400, "body", "body: must be a JSON object")]
    [InlineData("reserve", """{"peek":true}""", 400, "peek", "peek: there is no such field")]
    [InlineData("reserve", """{"ttlMs":"soon"}""", 400, "ttl_ms", "ttl_ms: must be a 64-bit integer")]
    [InlineData("reserve", """{"onExpiry":3}""", 400, "on_expiry", "on_expiry: there is no policy 3")]
    [InlineData("reserve", """{"onExpiry":"SETTLE"}""", 400, "on_expiry", "on_expiry: must be one of")]
    [InlineData("reserve", """{"namespace":"acme","key":"unavailable"}""", 503, null, "the journal has failed")]
    [InlineData("explain", """{"namespace":"other","key":"k"}""", 404, "namespace", "namespace: there is no namespace")]
    [InlineData("explain", """{"ttlMs":1}""", 400, "ttlMs", "ttlMs: there is no such field")]
    public async Task Errors_are_problems_that_name_the_field(string path, string body, int code, string? field, string detail)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        (HttpStatusCode status, JsonElement problem) = await PostAsync(edge, path, body);
        Assert.Equal(code, (int)status);
        Assert.StartsWith(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(field, problem.TryGetProperty("field", out JsonElement named) ? named.GetString() : null);
    }

    [Theory]
    [InlineData("gone", GrpcStatusCode.NotFound, "reservation_id: the key has no such reservation")]
    [InlineData("ended", GrpcStatusCode.FailedPrecondition, "reservation_id: was cancelled")]
    public async Task Errors_are_statuses_that_name_the_field(string key, GrpcStatusCode code, string message)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        foreach ((string method, IMessage request) in ((string, IMessage)[])[("Settle", new SettleRequest { Key = key }), ("Cancel", new CancelRequest { Key = key }), ("Extend", new ExtendRequest { Key = key }), ("Refund", new RefundRequest { Key = key })])
        {
            GrpcTestReply reply = await edge.Grpc.UnaryAsync($"/quota.v1.QuotaService/{method}", request);
            Assert.Equal(((int)code, message), (reply.Status, reply.Message));
        }
        GrpcTestReply bad = await edge.Grpc.UnaryAsync("/quota.v1.QuotaService/Settle", new SettleRequest { Costs = { ["requests"] = 1 } });
        Assert.Equal(((int)GrpcStatusCode.InvalidArgument, "costs: must not name requests: they are the field cost"), (bad.Status, bad.Message));
        bad = await edge.Grpc.UnaryAsync("/quota.v1.QuotaService/Reserve", new ReserveRequest { Namespace = "acme", Key = "k", OnExpiry = (ExpiryPolicy)9 });
        Assert.Equal(((int)GrpcStatusCode.InvalidArgument, "on_expiry: there is no policy 9"), (bad.Status, bad.Message));
        bad = await edge.Grpc.UnaryAsync("/quota.v1.QuotaService/Explain", new CheckQuotaRequest { Namespace = "acme", Key = "k", Costs = { [""] = 1 } });
        Assert.Equal(((int)GrpcStatusCode.InvalidArgument, "costs: the name of a unit must be 1 to 64 bytes, was 0"), (bad.Status, bad.Message));
    }

    private static async Task<TResponse> CallAsync<TResponse>(EdgeFixture edge, string method, IMessage request, MessageParser<TResponse> parser)
        where TResponse : IMessage<TResponse>
    {
        GrpcTestReply reply = await edge.Grpc.UnaryAsync($"/quota.v1.QuotaService/{method}", request);
        Assert.True(reply.Status == 0, reply.Message);
        return parser.ParseFrom(reply.Single);
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(EdgeFixture edge, string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await edge.Http.PostAsync($"/v1/{path}", content);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }
}
