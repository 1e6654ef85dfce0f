using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>Scans of usage on a real PostgreSQL server.</summary>
[NeedsServer(ServerKind.Postgres)]
public sealed class PostgresUsageScanTests(ITestOutputHelper output)
{
    [ServerFact]
    public async Task A_scan_reads_pages_and_gives_what_reading_key_by_key_does()
    {
        PostgresServer server = await SharedServers.Postgres;
        var settings = new PostgresSettings { ConnectionString = server.ConnectionString, Schema = $"t{Guid.NewGuid():N}", TimeoutMs = 10_000, ConnectionsMax = 16 };
        await using ICountedStore store = await StoreFactory.OpenAsync(settings, NullLogger.Instance, default);
        await UsageScanTimings.PrintAsync("PostgreSQL", store, output);
    }
}
