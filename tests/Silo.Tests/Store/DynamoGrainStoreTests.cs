using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Store;

/// <summary>The contract on DynamoDB Local, each test in a table of its own.</summary>
[NeedsServer(ServerKind.DynamoLocal)]
public sealed class DynamoGrainStoreTests : GrainStoreContract
{
    private readonly string _table = $"t{Guid.NewGuid():N}";

    private protected override async Task<IGrainStore> OpenAsync()
    {
        DynamoLocalServer server = await SharedServers.Dynamo;
        var settings = new DynamoSettings { Endpoint = server.Endpoint, Table = _table, TimeoutMs = 10_000 };
        return await StoreFactory.OpenAsync(settings, NullLogger.Instance, default);
    }
}
