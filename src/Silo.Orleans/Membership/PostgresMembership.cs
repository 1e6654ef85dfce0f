using Npgsql;
using Quota.Silo.Store;
using Quota.Silo.Store.Postgres;

namespace Quota.Silo.Orleans.Membership;

/// <summary>Orleans' membership in the database of the grains, in the same schema.</summary>
internal static class PostgresMembership
{
    /// <summary>Open connections of the membership at most: a sign of life, a look at the table and a change of it may fall together.</summary>
    private const int ConnectionsMax = 4;

    /// <summary>What Orleans connects with: as the store does, with the schema as the one place to look for the table of its queries.</summary>
    public static string ConnectionString(PostgresSettings settings)
    {
        int seconds = Math.Max(1, (settings.TimeoutMs + 999) / 1000);
        var text = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            SearchPath = settings.Schema,
            // Orleans' instants are universal time, whether their kind says so or not.
            Timezone = "UTC",
            MaxPoolSize = ConnectionsMax,
            Timeout = seconds,
            CommandTimeout = seconds,
        };
        text.ApplicationName ??= "quota";
        return text.ConnectionString;
    }

    /// <summary>Makes sure that the tables and queries are there, and creates them if the settings say so; the store has opened its schema before.</summary>
    /// <returns>Why the membership cannot be kept there, for an operator; null if it can.</returns>
    public static async Task<string?> PrepareAsync(PostgresSettings settings, CancellationToken cancellation)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString(settings));
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            long? version = await VersionAsync(connection, cancellation).ConfigureAwait(false);
            if (version is null && !settings.Create)
            {
                return $"PostgreSQL: the schema {settings.Schema} has no tables for Orleans' membership, and create is off (deploy/postgresql/orleans.sql creates them)";
            }
            if (version is null)
            {
                await using var create = new NpgsqlCommand(MembershipSchema.Sql(settings.Schema), connection);
                await create.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                version = await VersionAsync(connection, cancellation).ConfigureAwait(false);
            }
            return version == MembershipSchema.Version ? null
                : $"PostgreSQL: Orleans' membership in the schema {settings.Schema} has version {version}, this build reads {MembershipSchema.Version}";
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return $"PostgreSQL: Orleans' membership in the schema {settings.Schema}: {PostgresErrors.Explain(e)}";
        }
    }

    private static async Task<long?> VersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT value FROM meta WHERE name = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = MembershipSchema.VersionName });
        return (long?)await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
    }
}
