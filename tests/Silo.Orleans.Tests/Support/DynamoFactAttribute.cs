using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>A test that needs DynamoDB Local, and is skipped with the reason where it cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DynamoFactAttribute : FactAttribute
{
    public DynamoFactAttribute() => Skip = DynamoLocalServer.Missing;
}
