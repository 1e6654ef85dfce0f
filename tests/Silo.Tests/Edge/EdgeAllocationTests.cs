using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Edge;

/// <summary>What a call costs the server in garbage. Alone, so that nobody else allocates meanwhile.</summary>
[Collection(nameof(EdgeAllocationTests))]
[CollectionDefinition(nameof(EdgeAllocationTests), DisableParallelization = true)]
public sealed class EdgeAllocationTests(ITestOutputHelper output)
{
    // About 130 in Release and 720 in Debug, where every state machine is a class.
    private const long BytesPerCallMax = 1_200;

    [Fact]
    public async Task Unary_call_stays_within_its_allocation_budget()
    {
        const int Calls = 20_000;
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using RawHttp2Caller caller = new(edge.Endpoints.Grpc, "/quota.v1.QuotaService/CheckQuota", new CheckQuotaRequest { Namespace = "acme", Key = "quiet", Attributes = { ["route"] = "/a" } }.ToByteArray());
        Repeat(caller, Calls / 4);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Repeat(caller, Calls);
        long perCall = (GC.GetTotalAllocatedBytes(precise: true) - before) / Calls;
        output.WriteLine($"{perCall} bytes per call");
        Assert.True(perCall < BytesPerCallMax, $"{perCall} bytes per call");
    }

    private static void Repeat(RawHttp2Caller caller, int calls)
    {
        for (int i = 0; i < calls; i++)
        {
            Assert.True(caller.Call() > 20);
        }
    }
}
