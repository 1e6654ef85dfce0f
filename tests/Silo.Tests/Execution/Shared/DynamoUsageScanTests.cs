using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>Scans of usage on DynamoDB Local.</summary>
[NeedsServer(ServerKind.DynamoLocal)]
public sealed class DynamoUsageScanTests(ITestOutputHelper output)
{
    [ServerFact]
    public async Task A_scan_reads_pages_and_gives_what_reading_key_by_key_does()
    {
        DynamoLocalServer server = await SharedServers.Dynamo;
        var settings = new DynamoSettings { Endpoint = server.Endpoint, Table = $"t{Guid.NewGuid():N}", TimeoutMs = 10_000 };
        await using ICountedStore store = await StoreFactory.OpenAsync(settings, NullLogger.Instance, default);
        await UsageScanTimings.PrintAsync("DynamoDB Local", store, output);
    }
}
