using System.Net;
using System.Net.Http.Json;
using Quota.Contracts.Health.V1;
using Quota.Contracts.V1;
using Quota.Silo.Edge;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

public sealed class EdgeSheddingTests
{
    private const string Check = "/quota.v1.QuotaService/CheckQuota";

    [Fact]
    public async Task Calls_beyond_the_bound_are_refused_and_health_is_not()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync(s => s with { InFlightMax = 2 });
        Task<GrpcTestReply>[] held = [.. Enumerable.Range(0, 2).Select(i => edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = $"gate{i}" }))];
        await EdgeStreamTests.Eventually(() => edge.Limiter.Begun == 2);

        GrpcTestReply shed = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = "k" });
        Assert.Equal((8, true), (shed.Status, shed.TrailersOnly));
        using HttpResponseMessage http = await edge.Http.PostAsJsonAsync("/v1/check", new { @namespace = "acme", key = "k" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, http.StatusCode);
        Assert.Equal("1", http.Headers.RetryAfter!.ToString());
        Assert.Equal("application/problem+json", http.Content.Headers.ContentType!.MediaType);
        Assert.Equal(2, edge.Server.Shedder.Shed);

        GrpcTestReply health = await edge.Grpc.UnaryAsync("/grpc.health.v1.Health/Check", new HealthCheckRequest());
        Assert.Equal(0, health.Status);
        Assert.Equal(HttpStatusCode.OK, (await edge.Http.GetAsync("/readyz")).StatusCode);

        using GrpcTestStream stream = await edge.Grpc.StreamAsync("/quota.v1.QuotaService/StreamQuota");
        await stream.WriteAsync(new StreamQuotaRequest { CorrelationId = 4, Checks = { new CheckQuotaRequest { Namespace = "acme", Key = "k" } } });
        StreamQuotaResponse answer = await stream.ReadAsync(StreamQuotaResponse.Parser);
        Assert.Equal((4ul, 8), (answer.CorrelationId, answer.Results.Single().Error.Code));

        edge.Limiter.Gate.SetResult();
        Assert.All(await Task.WhenAll(held), r => Assert.Equal(0, r.Status));
        await EdgeUnaryTests.AssertServes(edge);
        Assert.Empty(edge.Log.Lines);
    }

    [Fact]
    public void Shedder_never_admits_more_than_its_bound()
    {
        LoadShedder shedder = new(3, 1);
        int inside = 0, most = 0, admitted = 0;
        Parallel.For(0, 20_000, _ =>
        {
            if (shedder.TryEnterCall())
            {
                int now = Interlocked.Increment(ref inside);
                InterlockedMax(ref most, now);
                Interlocked.Increment(ref admitted);
                Interlocked.Decrement(ref inside);
                shedder.LeaveCall();
            }
        });
        Assert.InRange(most, 1, 3);
        Assert.Equal((0, 20_000L), (shedder.Calls, admitted + shedder.Shed));
        Assert.True(shedder.TryEnterStream());
        Assert.False(shedder.TryEnterStream());
        shedder.LeaveStream();
        Assert.True(shedder.TryEnterStream());
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (int seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
