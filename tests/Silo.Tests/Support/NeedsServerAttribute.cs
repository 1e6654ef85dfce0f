using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Support;

/// <summary>The <see cref="ServerFactAttribute"/>s of this class, inherited ones too, are skipped where the server cannot be started.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsServerAttribute(ServerKind kind) : Attribute
{
    public ServerKind Kind { get; } = kind;

    /// <summary>Why the tests of a class are skipped, or null.</summary>
    public static string? Missing(Type testClass) => ((NeedsServerAttribute?)GetCustomAttribute(testClass, typeof(NeedsServerAttribute)))?.Kind switch
    {
        ServerKind.DynamoLocal => DynamoLocalServer.Missing,
        ServerKind.Postgres => PostgresServer.Missing,
        ServerKind.Any => PostgresServer.Missing is { } postgres && DynamoLocalServer.Missing is { } dynamo ? $"{postgres}; {dynamo}" : null,
        _ => null,
    };
}
