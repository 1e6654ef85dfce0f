using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>A test that needs a PostgreSQL server, and is skipped with the reason where it cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Missing;
}
