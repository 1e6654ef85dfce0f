using System.Net;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

public sealed class EdgeUnaryTests
{
    private const string Check = "/quota.v1.QuotaService/CheckQuota";

    [Fact]
    public async Task Allowed_check_is_answered_with_its_limits()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = "k1", Attributes = { ["route"] = "/a" } });
        Assert.Equal((HttpStatusCode.OK, 0), (reply.HttpStatus, reply.Status));
        CheckQuotaResponse response = CheckQuotaResponse.Parser.ParseFrom(reply.Single);
        Assert.True(response.Allowed);
        Assert.Equal(3, response.Limits.Count);
        Assert.Equal("acme/k1 cost=1 plan= id= attributes=1 route=/a", edge.Limiter.Last);
        Assert.Equal("application/grpc", reply.Headers["content-type"]);
        Assert.DoesNotContain("server", reply.Headers.Keys);
    }
}
