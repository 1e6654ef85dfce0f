using System.Globalization;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Chaos.Running;

/// <summary>The store that the silos share, and what can be done to it.</summary>
internal sealed class ChaosStore : IAsyncDisposable
{
    private readonly DynamoLocalServer? _dynamo;
    private readonly HttpFaultProxy? _throttle;
    private readonly PostgresServer? _postgres;

    private ChaosStore(DynamoLocalServer? dynamo, PostgresServer? postgres)
    {
        _dynamo = dynamo;
        _postgres = postgres;
        _throttle = dynamo is null ? null : new HttpFaultProxy(dynamo.Endpoint);
    }

    public string Name => _dynamo is null ? "PostgreSQL" : "DynamoDB Local";

    /// <summary>Where silos, or their proxies, connect.</summary>
    public int Port => _throttle is null ? _postgres!.Port : new Uri(_throttle.Endpoint).Port;

    /// <summary>Units that each limit of the table admits in two seconds, so that twice as much is asked for without the store itself being the limit: DynamoDB Local does some hundreds of conditional writes a second.</summary>
    public int TableAmount => IsPostgres ? 300 : 150;

    public bool IsPostgres => _postgres is not null;

    /// <summary>Starts it: what is asked for, or PostgreSQL where it is to be had.</summary>
    /// <exception cref="InvalidDataException">It is not to be had; with the reason.</exception>
    public static async Task<ChaosStore> StartAsync(string name)
    {
        bool isPostgres = name == "postgresql" || (name.Length == 0 && PostgresServer.Missing is null);
        if ((isPostgres ? PostgresServer.Missing : DynamoLocalServer.Missing) is { } missing)
        {
            throw new InvalidDataException(missing);
        }
        return isPostgres ? new ChaosStore(null, await PostgresServer.StartAsync()) : new ChaosStore(await DynamoLocalServer.StartAsync(), null);
    }

    /// <summary>The silo's settings.</summary>
    /// <param name="port">Port of a proxy in front of it.</param>
    /// <param name="set">Silos with the same share their keys.</param>
    public string Settings(int port, string set) => _postgres is null
        ? string.Create(CultureInfo.InvariantCulture, $"dynamodb: {{ table: {set}, region: eu-central-1, endpoint: \"http://127.0.0.1:{port}\" }}")
        : string.Create(CultureInfo.InvariantCulture, $"postgresql: {{ connection: \"Host=127.0.0.1;Port={port};Username=quota;Database=postgres\", schema: {set} }}");

    /// <summary>The server ends at once, without a checkpoint, and is started again.</summary>
    public Task RestartAsync() => _postgres!.RestartAsync();

    /// <summary>DynamoDB says no to this part of the requests: its provisioned capacity is used up.</summary>
    public void Refuse(double part) => _throttle!.Fault = part <= 0
        ? _ => null
        : _ => Random.Shared.NextDouble() < part ? HttpFault.Error("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded.") : null;

    public async ValueTask DisposeAsync()
    {
        if (_throttle is not null)
        {
            await _throttle.DisposeAsync();
        }
        await (_dynamo?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_postgres?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
