using System.Net;
using Quota.Contracts.Health.V1;
using Quota.Silo.Hosting;
using Quota.Silo.Tests.Support;
using Status = Quota.Contracts.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Quota.Silo.Tests.Protocols;

public sealed class HealthTests
{
    private const string Check = "/grpc.health.v1.Health/Check";
    private const string Watch = "/grpc.health.v1.Health/Watch";

    [Fact]
    public async Task Check_follows_the_state()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        Assert.Equal(Status.Serving, await StatusOf(""));
        Assert.Equal(Status.Serving, await StatusOf("quota.v1.QuotaService"));
        edge.Serving.Set(ServingStatus.Failed);
        Assert.Equal(Status.NotServing, await StatusOf(""));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "{\"status\":\"failed\"}\n"), await GetAsync("/readyz"));
        Assert.Equal((HttpStatusCode.OK, "{\"status\":\"alive\"}\n"), await GetAsync("/livez"));
        edge.Serving.Set(ServingStatus.Serving);
        Assert.Equal((HttpStatusCode.OK, "{\"status\":\"serving\"}\n"), await GetAsync("/readyz"));
        GrpcTestReply unknown = await edge.Grpc.UnaryAsync(Check, new HealthCheckRequest { Service = "nothing" });
        Assert.Equal(5, unknown.Status);

        async Task<Status> StatusOf(string service) =>
            HealthCheckResponse.Parser.ParseFrom((await edge.Grpc.UnaryAsync(Check, new HealthCheckRequest { Service = service })).Single).Status;

        async Task<(HttpStatusCode, string)> GetAsync(string path)
        {
            using HttpResponseMessage response = await edge.Http.GetAsync(path);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Watch_tells_every_change_until_the_silo_drains()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream watch = await edge.Grpc.StreamAsync(Watch);
        await watch.WriteAsync(new HealthCheckRequest { Service = "quota.v1.QuotaService" });
        watch.Complete();
        Assert.Equal(Status.Serving, (await watch.ReadAsync(HealthCheckResponse.Parser)).Status);
        edge.Serving.Set(ServingStatus.Failed);
        Assert.Equal(Status.NotServing, (await watch.ReadAsync(HealthCheckResponse.Parser)).Status);
        edge.Serving.Set(ServingStatus.Serving);
        Assert.Equal(Status.Serving, (await watch.ReadAsync(HealthCheckResponse.Parser)).Status);
        Task stop = edge.Server.StopAsync();
        Assert.Equal(Status.NotServing, (await watch.ReadAsync(HealthCheckResponse.Parser)).Status);
        Assert.Equal((14, "this silo is draining"), await watch.EndAsync());
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Watch_of_an_unknown_service_keeps_watching()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream watch = await edge.Grpc.StreamAsync(Watch);
        await watch.WriteAsync(new HealthCheckRequest { Service = "nothing" });
        watch.Complete();
        Assert.Equal(Status.ServiceUnknown, (await watch.ReadAsync(HealthCheckResponse.Parser)).Status);
        edge.Serving.Set(ServingStatus.Failed);
        Task<byte[]?> next = watch.ReadAsync();
        Assert.False(next.IsCompleted);
        await edge.Server.StopAsync();
        Assert.Null(await next);
    }

    [Fact]
    public async Task State_signals_each_change_and_draining_is_final()
    {
        ServingState state = new();
        (ServingStatus status, Task changed) = state.Observe();
        Assert.Equal(ServingStatus.Starting, status);
        state.Set(ServingStatus.Starting);
        Assert.False(changed.IsCompleted);
        state.Set(ServingStatus.Serving);
        await changed.WaitAsync(TimeSpan.FromSeconds(20));
        state.Set(ServingStatus.Draining);
        state.Set(ServingStatus.Serving);
        Assert.Equal(ServingStatus.Draining, state.Status);
    }
}
