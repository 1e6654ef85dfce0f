using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Serving;

/// <summary>Reservations, refunds and explanations against a whole silo, over its sockets.</summary>
public sealed class ReservationTests : IAsyncLifetime
{
    private const string Config = """
        namespaces:
          llm:
            default_plan: team
            plan: everybody
            plans:
              team:
                units: [tokens.in]
                limits:
                  - { name: month, quota: { amount: 1000, period: month } }
                  - { name: out, unit: tokens.out, quota: { amount: 10_000, period: month } }
                  - { name: strict, unit: bytes, quota: { amount: 100, period: month }, overrun: refuse }
                  - { name: in-flight, concurrency: { amount: 2 } }
              customer: { limits: [{ name: small, unit: tokens.out, quota: { amount: 500, period: month } }] }
              everybody: { limits: [{ name: all, quota: { amount: 900, period: month } }] }
            keys:
              acme: { plan: customer }
              child: { plan: team, parent: acme }
        """;

    private AdminFixture _silo = null!;
    private GrpcTestClient _grpc = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _silo = await AdminFixture.StartAsync(Config);
        Connect();
    }

    public async Task DisposeAsync()
    {
        _grpc.Dispose();
        _http.Dispose();
        await _silo.DisposeAsync();
    }

    [Fact]
    public async Task Settling_for_less_frees_the_rest_and_for_more_counts_it()
    {
        ReserveResponse held = await ReserveAsync("k", ("tokens.out", 4_000));
        Assert.Equal(32, held.ReservationId.Length);
        Assert.Equal((999, 6_000, 1), (Remaining(held.Decision.Limits, "month"), Remaining(held.Decision.Limits, "out"), Remaining(held.Decision.Limits, "in-flight")));

        SettleRequest settle = new() { Namespace = "llm", Key = "k", ReservationId = held.ReservationId, Costs = { ["tokens.out"] = 1_000 } };
        SettleResponse settled = await CallAsync("Settle", settle, SettleResponse.Parser);
        Assert.Equal((true, false, 1, 1_000), (settled.Settled, settled.Repeat, settled.Costs["requests"], settled.Costs["tokens.out"]));
        Assert.Equal(9_000, Remaining(settled.Limits, "out"));
        Assert.Equal(2, Remaining(settled.Limits, "in-flight"));

        Assert.True((await CallAsync("Settle", settle, SettleResponse.Parser)).Repeat);
        settle.Costs["tokens.out"] = 7;
        Assert.Equal((int)GrpcStatusCode.FailedPrecondition, (await _grpc.UnaryAsync("/quota.v1.QuotaService/Settle", settle)).Status);

        held = await ReserveAsync("k", ("tokens.out", 100));
        settled = await CallAsync("Settle", new SettleRequest { Namespace = "llm", Key = "k", ReservationId = held.ReservationId, Cost = 3, Costs = { ["tokens.out"] = 12_000 } }, SettleResponse.Parser);
        Assert.Equal((true, 0, 996), (settled.Settled, Remaining(settled.Limits, "out"), Remaining(settled.Limits, "month")));
    }

    [Fact]
    public async Task Over_run_that_a_limit_refuses_changes_nothing_and_the_reservation_goes_on()
    {
        ReserveResponse held = await ReserveAsync("k", ("bytes", 60));
        SettleRequest settle = new() { Namespace = "llm", Key = "k", ReservationId = held.ReservationId, Costs = { ["bytes"] = 101 } };
        SettleResponse refused = await CallAsync("Settle", settle, SettleResponse.Parser);
        Assert.Equal((false, "strict", ""), (refused.Settled, refused.Limit, refused.LimitKey));
        settle.Costs["bytes"] = 100;
        SettleResponse settled = await CallAsync("Settle", settle, SettleResponse.Parser);
        Assert.Equal((true, 0), (settled.Settled, Remaining(settled.Limits, "strict")));
    }

    [Fact]
    public async Task Cancelling_gives_everything_back_and_a_slot_is_held_until_then()
    {
        ReserveResponse first = await ReserveAsync("k"), second = await ReserveAsync("k");
        ReserveResponse third = await ReserveAsync("k");
        Assert.Equal((false, "in-flight", ""), (third.Decision.Allowed, third.Decision.Limit, third.ReservationId));
        (HttpStatusCode status, JsonElement cancelled) = await PostAsync("cancel", $$"""{"namespace":"llm","key":"k","reservationId":"{{first.ReservationId}}"}""");
        Assert.Equal((HttpStatusCode.OK, 1), (status, cancelled.GetProperty("costs").GetProperty("requests").GetInt64()));
        (_, cancelled) = await PostAsync("cancel", $$"""{"namespace":"llm","key":"k","reservationId":"{{first.ReservationId}}"}""");
        Assert.True(cancelled.GetProperty("repeat").GetBoolean());
        (status, JsonElement problem) = await PostAsync("settle", $$"""{"namespace":"llm","key":"k","reservationId":"{{first.ReservationId}}"}""");
        Assert.Equal((HttpStatusCode.Conflict, "reservation_id"), (status, problem.GetProperty("field").GetString()));
        third = await ReserveAsync("k");
        Assert.True(third.Decision.Allowed);
        Assert.Equal(998, Remaining(third.Decision.Limits, "month"));
        Assert.NotEqual(second.ReservationId, third.ReservationId);
    }

    [Fact]
    public async Task Extending_holds_more_or_says_which_limit_has_no_room()
    {
        ReserveResponse held = await ReserveAsync("k", ("tokens.out", 9_000));
        ExtendRequest extend = new() { Namespace = "llm", Key = "k", ReservationId = held.ReservationId, TtlMs = 86_400_000, AddCosts = { ["tokens.out"] = 1_000 } };
        ReserveResponse extended = await CallAsync("Extend", extend, ReserveResponse.Parser);
        Assert.True(extended.Decision.Allowed);
        Assert.Equal(0, Remaining(extended.Decision.Limits, "out"));
        Assert.True(extended.ExpiresAtUnixMs > held.ExpiresAtUnixMs + 80_000_000);
        extended = await CallAsync("Extend", extend, ReserveResponse.Parser);
        Assert.Equal((false, "out", held.ReservationId), (extended.Decision.Allowed, extended.Decision.Limit, extended.ReservationId));
        CancelResponse cancelled = await CallAsync("Cancel", new CancelRequest { Namespace = "llm", Key = "k", ReservationId = held.ReservationId }, CancelResponse.Parser);
        Assert.Equal(10_000, cancelled.Costs["tokens.out"]);
    }

    [Fact]
    public async Task Request_ids_hold_once_over_either_protocol()
    {
        ReserveResponse first = await CallAsync("Reserve", new ReserveRequest { Namespace = "llm", Key = "k", RequestId = "r1", Costs = { ["tokens.out"] = 10 } }, ReserveResponse.Parser);
        (_, JsonElement again) = await PostAsync("reserve", """{"namespace":"llm","key":"k","requestId":"r1","costs":{"tokens.out":10}}""");
        Assert.Equal(first.ReservationId, again.GetProperty("reservationId").GetString());
        Assert.True(again.GetProperty("decision").GetProperty("repeat").GetBoolean());
        Assert.Equal(first.Decision.DecidedAtUnixMs, again.GetProperty("decision").GetProperty("decidedAtUnixMs").GetInt64());
        (HttpStatusCode status, JsonElement problem) = await PostAsync("reserve", """{"namespace":"llm","key":"k","requestId":"r1","costs":{"tokens.out":11}}""");
        Assert.Equal((HttpStatusCode.BadRequest, "request_id"), (status, problem.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task Open_reservations_survive_a_restart()
    {
        ReserveResponse held = await ReserveAsync("k", ("tokens.out", 4_000));
        _grpc.Dispose();
        _http.Dispose();
        Assert.Null(await _silo.RestartAsync(Config));
        Connect();
        CancelResponse cancelled = await CallAsync("Cancel", new CancelRequest { Namespace = "llm", Key = "k", ReservationId = held.ReservationId }, CancelResponse.Parser);
        Assert.Equal((4_000, false), (cancelled.Costs["tokens.out"], cancelled.Repeat));
    }

    [Theory]
    [InlineData(ExpiryPolicy.Cancel, 10_000)]
    [InlineData(ExpiryPolicy.Settle, 9_600)]
    public async Task A_reservation_nobody_ends_goes_by_its_policy(ExpiryPolicy policy, long remaining)
    {
        ReserveRequest request = new() { Namespace = "llm", Key = "k", Costs = { ["tokens.out"] = 400 }, TtlMs = 100, OnExpiry = policy };
        ReserveResponse held = await CallAsync("Reserve", request, ReserveResponse.Parser);
        Assert.Equal(9_600, Remaining(held.Decision.Limits, "out"));
        SettleRequest settle = new() { Namespace = "llm", Key = "k", ReservationId = held.ReservationId, Costs = { ["tokens.out"] = 400 } };
        CheckQuotaRequest peek = new() { Namespace = "llm", Key = "k", Peek = true, Costs = { ["tokens.out"] = 0 } };
        // The slot is what tells that it has ended: both policies free it.
        await JsonSilo.UntilAsync(() => CallAsync("Explain", peek, ExplainResponse.Parser), e => e.Levels[0].Limits.Single(l => l.Name == "in-flight").Used == 0, TimeSpan.FromSeconds(20));
        CheckQuotaResponse after = await CallAsync("CheckQuota", peek, CheckQuotaResponse.Parser);
        Assert.Equal(remaining, Remaining(after.Limits, "out"));
        Assert.Equal((int)GrpcStatusCode.FailedPrecondition, (await _grpc.UnaryAsync("/quota.v1.QuotaService/Settle", settle)).Status);
    }

    [Fact]
    public async Task Refunds_give_back_what_was_used_and_no_more()
    {
        CheckQuotaResponse check = await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "k", Costs = { ["tokens.out"] = 300 } }, CheckQuotaResponse.Parser);
        RefundRequest refund = new() { Namespace = "llm", Key = "k", RequestId = "f1", Costs = { ["tokens.out"] = 1_000 }, DecidedAtUnixMs = check.DecidedAtUnixMs, Reason = "upstream failed" };
        RefundResponse first = await CallAsync("Refund", refund, RefundResponse.Parser);
        Assert.Equal((300, false, false), (first.Refunded["tokens.out"], first.Adjustment, first.Repeat));
        Assert.Equal(10_000, Remaining(first.Limits, "out"));
        Assert.True((await CallAsync("Refund", refund, RefundResponse.Parser)).Repeat);
        (HttpStatusCode status, JsonElement problem) = await PostAsync("refund", """{"namespace":"llm","key":"k","decidedAtUnixMs":99999999999999}""");
        Assert.Equal((HttpStatusCode.BadRequest, "decided_at_unix_ms"), (status, problem.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task A_refund_takes_nothing_from_a_parent_that_others_have_used()
    {
        CheckQuotaResponse mine = await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "child", Cost = 5 }, CheckQuotaResponse.Parser);
        await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "k", Cost = 100 }, CheckQuotaResponse.Parser);
        RefundResponse refunded = await CallAsync("Refund", new RefundRequest { Namespace = "llm", Key = "child", Cost = 80, DecidedAtUnixMs = mine.DecidedAtUnixMs }, RefundResponse.Parser);
        Assert.Equal(5, refunded.Refunded["requests"]);
        CheckQuotaResponse peek = await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "k", Peek = true, Cost = 1 }, CheckQuotaResponse.Parser);
        Assert.Equal(800, Remaining(peek.Limits, "all"));
    }

    [Fact]
    public async Task Many_settlements_at_once_count_once()
    {
        ReserveResponse held = await ReserveAsync("k", ("tokens.out", 1_000));
        SettleRequest settle = new() { Namespace = "llm", Key = "k", ReservationId = held.ReservationId, Costs = { ["tokens.out"] = 400 } };
        SettleResponse[] settled = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => CallAsync("Settle", settle, SettleResponse.Parser))));
        Assert.Equal(1, settled.Count(s => !s.Repeat));
        CheckQuotaResponse peek = await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "k", Peek = true, Costs = { ["tokens.out"] = 0 } }, CheckQuotaResponse.Parser);
        Assert.Equal((9_600, 999), (Remaining(peek.Limits, "out"), Remaining(peek.Limits, "month")));
        Assert.Equal(1, Remaining((await ReserveAsync("k")).Decision.Limits, "in-flight"));
    }

    [Fact]
    public async Task Slots_are_never_more_than_held_and_none_stay()
    {
        int open = 0, most = 0, allowed = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 20; i++)
            {
                ReserveResponse held = await ReserveAsync("storm");
                if (!held.Decision.Allowed)
                {
                    continue;
                }
                int now = Interlocked.Increment(ref open);
                for (int seen = Volatile.Read(ref most); seen < now && Interlocked.CompareExchange(ref most, now, seen) != seen; seen = Volatile.Read(ref most))
                {
                }
                Interlocked.Increment(ref allowed);
                Interlocked.Decrement(ref open);
                await CallAsync("Cancel", new CancelRequest { Namespace = "llm", Key = "storm", ReservationId = held.ReservationId }, CancelResponse.Parser);
            }
        })));
        Assert.InRange(most, 1, 2);
        Assert.NotEqual(0, allowed);
        CheckQuotaResponse peek = await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "storm", Peek = true, Cost = 1 }, CheckQuotaResponse.Parser);
        Assert.Equal(1_000, Remaining(peek.Limits, "month"));
        Assert.Equal(1, Remaining((await ReserveAsync("storm")).Decision.Limits, "in-flight"));
    }

    [Fact]
    public async Task Parents_refuse_by_name_and_every_level_is_explained()
    {
        CheckQuotaResponse refused = await CallAsync("CheckQuota", new CheckQuotaRequest { Namespace = "llm", Key = "child", Costs = { ["tokens.out"] = 501 } }, CheckQuotaResponse.Parser);
        Assert.Equal((false, "small", "acme"), (refused.Allowed, refused.Limit, refused.LimitKey));
        Assert.Equal(("tokens.out", "acme"), (refused.Limits.Single(l => l.Name == "small").Unit, refused.Limits.Single(l => l.Name == "small").Key));

        ExplainResponse explained = await CallAsync("Explain", new CheckQuotaRequest { Namespace = "llm", Key = "child", Costs = { ["tokens.out"] = 501 } }, ExplainResponse.Parser);
        Assert.Equal((false, "small", "acme"), (explained.Answer.Allowed, explained.Answer.Limit, explained.Answer.LimitKey));
        Assert.Equal(["child", "acme", ""], explained.Levels.Select(l => l.Key));
        Assert.Equal(["team", "customer", "everybody"], explained.Levels.Select(l => l.Plan));
        Assert.Equal([true, true, false, false], explained.Levels[0].Limits.Select(l => l.Applies));
        Assert.All(explained.Levels.SelectMany(l => l.Limits), l => Assert.NotEmpty(l.Why));
    }

    [Fact]
    public async Task Batches_carry_costs_peeks_and_request_ids()
    {
        CheckQuotaRequest counts = new() { Namespace = "llm", Key = "b", RequestId = "b1", Costs = { ["tokens.out"] = 100 } };
        CheckQuotaRequest peek = new() { Namespace = "llm", Key = "b", Peek = true, Costs = { ["tokens.out"] = 9_901 } };
        CheckQuotaRequest bad = new() { Namespace = "llm", Key = "b", Costs = { ["requests"] = 1 } };
        CheckQuotaBatchResponse batch = await CallAsync("CheckQuotaBatch", new CheckQuotaBatchRequest { Checks = { counts, counts, peek, bad } }, CheckQuotaBatchResponse.Parser);
        AssertResults(batch.Results, repeats: false);

        using GrpcTestStream stream = await _grpc.StreamAsync("/quota.v1.QuotaService/StreamQuota");
        await stream.WriteAsync(new StreamQuotaRequest { CorrelationId = 7, Checks = { counts, counts, peek, bad } });
        StreamQuotaResponse answer = await stream.ReadAsync(StreamQuotaResponse.Parser);
        Assert.Equal(7u, answer.CorrelationId);
        AssertResults(answer.Results, repeats: true);

        static void AssertResults(IList<CheckQuotaResult> results, bool repeats)
        {
            Assert.Equal([repeats, true], results.Take(2).Select(r => r.Response.Repeat));
            Assert.Equal([9_900, 9_900], results.Take(2).Select(r => Remaining(r.Response.Limits, "out")));
            Assert.Equal((false, "out"), (results[2].Response.Allowed, results[2].Response.Limit));
            Assert.Equal((3, "costs"), (results[3].Error.Code, results[3].Error.Field));
        }
    }

    private void Connect()
    {
        _grpc = new GrpcTestClient(_silo.Host.Endpoints.Grpc);
        _http = new HttpClient { BaseAddress = new Uri($"http://{_silo.Host.Endpoints.Http}") };
    }

    private Task<ReserveResponse> ReserveAsync(string key, params (string Unit, long Units)[] costs)
    {
        ReserveRequest request = new() { Namespace = "llm", Key = key };
        foreach ((string unit, long units) in costs)
        {
            request.Costs.Add(unit, units);
        }
        return CallAsync("Reserve", request, ReserveResponse.Parser);
    }

    private async Task<TResponse> CallAsync<TResponse>(string method, IMessage request, MessageParser<TResponse> parser)
        where TResponse : IMessage<TResponse>
    {
        GrpcTestReply reply = await _grpc.UnaryAsync($"/quota.v1.QuotaService/{method}", request);
        Assert.True(reply.Status == 0, reply.Message);
        return parser.ParseFrom(reply.Single);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync($"/v1/{path}", content);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }

    private static long Remaining(IEnumerable<LimitStatus> limits, string name) => limits.Single(l => l.Name == name).Remaining;
}
