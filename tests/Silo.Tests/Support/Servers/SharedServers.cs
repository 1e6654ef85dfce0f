namespace Quota.Silo.Tests.Support.Servers;

/// <summary>
/// One server of each kind per process, started when it is first asked for and ended with the process. Tests keep apart by tables
/// and schemas of their own.
/// </summary>
public static class SharedServers
{
    private static readonly Lazy<Task<DynamoLocalServer>> DynamoStart = new(DynamoLocalServer.StartAsync);
    private static readonly Lazy<Task<PostgresServer>> PostgresStart = new(PostgresServer.StartAsync);

    public static Task<DynamoLocalServer> Dynamo => DynamoStart.Value;

    public static Task<PostgresServer> Postgres => PostgresStart.Value;
}
