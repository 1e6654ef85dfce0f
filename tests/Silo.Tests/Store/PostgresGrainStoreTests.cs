using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Store;

/// <summary>The contract on a real PostgreSQL server, each test in a schema of its own.</summary>
[NeedsServer(ServerKind.Postgres)]
public sealed class PostgresGrainStoreTests : GrainStoreContract
{
    private readonly string _schema = $"t{Guid.NewGuid():N}";

    private protected override async Task<IGrainStore> OpenAsync()
    {
        PostgresServer server = await SharedServers.Postgres;
        var settings = new PostgresSettings { ConnectionString = server.ConnectionString, Schema = _schema, TimeoutMs = 10_000, ConnectionsMax = 10 };
        return await StoreFactory.OpenAsync(settings, NullLogger.Instance, default);
    }
}
