using System.Net;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

public sealed class EdgeDrainTests
{
    private const string Check = "/quota.v1.QuotaService/CheckQuota";

    private static readonly CheckQuotaRequest Gated = new() { Namespace = "acme", Key = "gate" };

    [Fact]
    public async Task Stopping_answers_calls_in_flight_and_takes_no_new_connections()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        Task<GrpcTestReply> call = edge.Grpc.UnaryAsync(Check, Gated);
        await EdgeStreamTests.Eventually(() => edge.Limiter.Begun == 1);
        Task stop = edge.Server.StopAsync();
        Assert.Equal(Hosting.ServingStatus.Draining, edge.Serving.Status);
        Assert.False(stop.IsCompleted);
        edge.Limiter.Gate.SetResult();
        Assert.Equal(0, (await call).Status);
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
        using GrpcTestClient late = new(edge.Endpoints.Grpc);
        await Assert.ThrowsAsync<HttpRequestException>(() => late.UnaryAsync(Check, Gated));
    }

    [Fact]
    public async Task Stopping_ends_after_the_drain_time_whatever_hangs()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync(s => s with { DrainTimeoutMs = 100 });
        Task<GrpcTestReply> call = edge.Grpc.UnaryAsync(Check, Gated);
        await EdgeStreamTests.Eventually(() => edge.Limiter.Begun == 1);
        await edge.Server.StopAsync().WaitAsync(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => call);
        Assert.Equal(1, edge.Server.Shedder.Calls);
        edge.Limiter.Gate.SetResult();
        await EdgeStreamTests.Eventually(() => edge.Server.Shedder.Calls == 0);
    }

    [Fact]
    public async Task A_taken_address_is_an_error_at_start()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        await Assert.ThrowsAsync<IOException>(() => EdgeFixture.StartAsync(s => s with { GrpcListen = edge.Endpoints.Grpc.ToString() }));
        Assert.Equal(IPAddress.Loopback, edge.Endpoints.Http.Address);
    }
}
