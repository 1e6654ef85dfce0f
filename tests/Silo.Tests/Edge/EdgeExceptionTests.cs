using System.Runtime.ExceptionServices;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

/// <summary>An exception that the HTTP server catches is invisible, and costs more than everything else a call does.</summary>
public sealed class EdgeExceptionTests
{
    [Fact]
    public async Task Calls_give_their_body_back_before_the_server_takes_it()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        int thrown = 0;
        void Count(object? sender, FirstChanceExceptionEventArgs e)
        {
            // Other tests run beside this one; none of them may do this either.
            if (e.Exception is ObjectDisposedException && e.Exception.StackTrace?.Contains("HttpRequestPipeReader", StringComparison.Ordinal) == true)
            {
                Interlocked.Increment(ref thrown);
            }
        }
        AppDomain.CurrentDomain.FirstChanceException += Count;
        try
        {
            for (int i = 0; i < 20; i++)
            {
                GrpcTestReply reply = await edge.Grpc.UnaryAsync("/quota.v1.QuotaService/CheckQuota", new CheckQuotaRequest { Namespace = "acme", Key = "k1" });
                Assert.Equal(0, reply.Status);
            }
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Count;
        }
        Assert.Equal(0, thrown);
    }
}
