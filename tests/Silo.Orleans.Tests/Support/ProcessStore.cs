using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>An outside store for real silos, in a process of its own.</summary>
internal sealed class ProcessStore : IAsyncDisposable
{
    private readonly IAsyncDisposable _server;

    private ProcessStore(IAsyncDisposable server, string settings) => (_server, Settings) = (server, settings);

    /// <summary>
    /// What stands below <c>store:</c> in the configuration. A call may take longer than it does unless set: what is tested is what silos do,
    /// not how busy the machine is.
    /// </summary>
    public string Settings { get; }

    public static async Task<ProcessStore> DynamoAsync()
    {
        DynamoLocalServer server = await DynamoLocalServer.StartAsync();
        // It takes any, but some there must be.
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "local");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "local");
        return new ProcessStore(server, $"dynamodb: {{ table: quota, region: eu-central-1, endpoint: \"{server.Endpoint}\", timeout: 8s }}");
    }

    public static async Task<ProcessStore> PostgresAsync()
    {
        PostgresServer server = await PostgresServer.StartAsync();
        return new ProcessStore(server, $"postgresql: {{ connection: \"{server.ConnectionString}\", schema: quota, timeout: 8s }}");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
