using System.Globalization;
using Npgsql;

namespace Quota.Silo.Store.Postgres;

/// <summary>Opens a PostgreSQL store: connection string, schema, version, and the server settings that its promises rest on.</summary>
internal static partial class PostgresOpening
{
    /// <exception cref="StoreException">Why not, for an operator.</exception>
    public static async Task<PostgresGrainStore> OpenAsync(PostgresSettings settings, ILogger logger, CancellationToken cancellation)
    {
        if (!PostgresSchema.IsName(settings.Schema))
        {
            throw new StoreException($"the schema \"{settings.Schema}\" is not 1 to 63 of a-z, 0-9 and _, not beginning with a digit");
        }
        var calls = new PostgresCalls(DataSource(settings), settings.TimeoutMs, $"PostgreSQL, schema {settings.Schema}");
        try
        {
            await CheckServerAsync(calls, cancellation).ConfigureAwait(false);
            if (await VersionAsync(calls, settings.Schema, cancellation).ConfigureAwait(false) is not long version)
            {
                if (!settings.Create)
                {
                    throw new StoreException($"PostgreSQL: the schema {settings.Schema} has no tables of Quota's, and create is off (deploy/postgresql/schema.sql creates them)");
                }
                await calls.RunAsync((connection, _, cancel) => RunAsync(connection, PostgresSchema.Sql(settings.Schema), cancel), static c => c.CountWrite(), cancellation).ConfigureAwait(false);
                LogCreated(logger, settings.Schema);
                version = await VersionAsync(calls, settings.Schema, cancellation).ConfigureAwait(false) ?? 0;
            }
            if (version != PostgresSchema.Version)
            {
                throw new StoreException($"PostgreSQL: the schema {settings.Schema} has store version {version}, this build reads {PostgresSchema.Version}");
            }
            await CheckLayoutRightAsync(calls, settings.Schema, cancellation).ConfigureAwait(false);
            return new PostgresGrainStore(calls, settings.Schema);
        }
        catch
        {
            await calls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The pool. What the operator's connection string says stays; statements are prepared once per connection, a statement ends on
    /// the server with its attempt, and a broken attempt closes its connection at once instead of asking to be cancelled over another.
    /// </summary>
    private static NpgsqlDataSource DataSource(PostgresSettings settings)
    {
        try
        {
            var text = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
            text.MaxPoolSize = settings.ConnectionsMax;
            text.ApplicationName ??= "quota";
            text.Timeout = Math.Max(1, (settings.TimeoutMs + 999) / 1000);
            text.CommandTimeout = text.Timeout + 1;
            text.CancellationTimeout = -1;
            // A session has no state that a call could leave behind; resetting it would cost every call a part of its round trip.
            text.NoResetOnClose = true;
            if (text.MaxAutoPrepare == 0)
            {
                text.MaxAutoPrepare = 32;
                text.AutoPrepareMinUsages = 2;
            }
            int statementMs = Math.Max(1, settings.TimeoutMs / Contracts.Bounds.StoreAttemptsPerCall);
            text.Options = string.Create(CultureInfo.InvariantCulture, $"{text.Options} -c statement_timeout={statementMs}").Trim();
            return new NpgsqlDataSourceBuilder(text.ConnectionString).Build();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new StoreException($"PostgreSQL: the connection string is not one: {e.Message}", e);
        }
    }

    private static async Task CheckServerAsync(PostgresCalls calls, CancellationToken cancellation)
    {
        (bool isStandby, string commit) = await calls.RunAsync(
            async (connection, _, cancel) =>
            {
                await using NpgsqlCommand command = PostgresRow.Command(connection, "SELECT pg_is_in_recovery(), current_setting('synchronous_commit')");
                await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
                await row.ReadAsync(cancel).ConfigureAwait(false);
                return (row.GetBoolean(0), row.GetString(1));
            },
            static c => c.CountRead(),
            cancellation).ConfigureAwait(false);
        if (isStandby)
        {
            throw new StoreException("PostgreSQL: the server is a standby and takes no writes");
        }
        if (commit == "off")
        {
            throw new StoreException("PostgreSQL: synchronous_commit is off for this role or database: what is acknowledged could be lost");
        }
    }

    /// <summary>The schema's version, or null if it has no tables of ours.</summary>
    private static Task<long?> VersionAsync(PostgresCalls calls, string schema, CancellationToken cancellation) => calls.RunAsync(
        async (connection, _, cancel) =>
        {
            try
            {
                await using NpgsqlCommand command = PostgresRow.Command(connection, $"SELECT value FROM {schema}.meta WHERE name = 'version'");
                return (long?)await command.ExecuteScalarAsync(cancel).ConfigureAwait(false);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
            {
                return null;
            }
        },
        static c => c.CountRead(),
        cancellation);

    /// <summary>A layout, once saved, stays: this one right is asked for and not tried.</summary>
    private static async Task CheckLayoutRightAsync(PostgresCalls calls, string schema, CancellationToken cancellation)
    {
        bool may = await calls.RunAsync(
            async (connection, _, cancel) =>
            {
                await using NpgsqlCommand command = PostgresRow.Command(connection, "SELECT has_table_privilege($1, 'INSERT')", PostgresRow.Text($"{schema}.layouts"));
                return (bool)(await command.ExecuteScalarAsync(cancel).ConfigureAwait(false))!;
            },
            static c => c.CountRead(),
            cancellation).ConfigureAwait(false);
        if (!may)
        {
            throw new StoreException($"PostgreSQL: the role lacks a right: INSERT on {schema}.layouts");
        }
    }

    private static async Task<int> RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    [LoggerMessage(LogLevel.Information, "created the tables of the schema {Schema}")]
    private static partial void LogCreated(ILogger logger, string schema);
}
