namespace Quota.Silo.Store;

/// <summary>A schema of a PostgreSQL database.</summary>
public sealed record PostgresSettings : StoreSettings
{
    /// <summary>Npgsql's connection string. Without a password in it, <c>PGPASSWORD</c> and the password file apply.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Schema of the tables: 1 to 63 of lower-case letters, digits, <c>_</c>, not beginning with a digit.</summary>
    public string Schema { get; init; } = "quota";

    /// <summary>Open connections at most. 1 to 1,000.</summary>
    public int ConnectionsMax { get; init; } = 16;
}
