using Npgsql;
using Quota.Grains;

namespace Quota.Silo.Store.Postgres;

/// <summary>
/// Grains in a PostgreSQL database that many silos share.
/// <para>
/// Safe for concurrent use, in this process and among silos: all state is in the database; conditions are judged by the statement
/// that writes, under the locks of its rows, in read committed. Every write is its own transaction, durable when its answer comes
/// (an asynchronous commit is refused at start); every read is a statement of its own on the primary, so it sees every save that
/// completed before. Only the place where forgetting goes on is kept here: silos go round by themselves, and a block that two of
/// them meet is deleted once.
/// </para>
/// </summary>
internal sealed class PostgresGrainStore : ICountedStore
{
    private readonly PostgresCalls _calls;
    private readonly string _schema;
    private byte[] _forgetCursor = [];

    /// <param name="calls">Ended with the store.</param>
    /// <param name="schema">A valid name, whose tables are there.</param>
    public PostgresGrainStore(PostgresCalls calls, string schema)
    {
        Invariant.Check(PostgresSchema.IsName(schema));
        (_calls, _schema) = (calls, schema);
    }

    public StoreCounters Counters => _calls.Counters;

    public async ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) => await _calls.RunAsync(
        async (connection, _, cancel) =>
        {
            await using NpgsqlCommand command = PostgresRow.Command(connection, $"SELECT layout_id, version, forget_at_ns, state FROM {_schema}.blocks WHERE id = $1", PostgresRow.Bytes(id));
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
            return await row.ReadAsync(cancel).ConfigureAwait(false) ? PostgresRow.Read(row, 0) : (StoredGrain?)null;
        },
        static c => c.CountRead(),
        cancellation).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation)
    {
        byte[]? end = IdPrefix.UpperEnd(prefix.Span);
        return await _calls.RunAsync(
            async (connection, _, cancel) =>
            {
                string sql = $"SELECT layout_id, version, forget_at_ns, state, id FROM {_schema}.blocks WHERE id >= $1 AND id > $2{(end is null ? "" : " AND id < $4")} ORDER BY id LIMIT $3";
                await using NpgsqlCommand command = PostgresRow.Command(connection, sql, PostgresRow.Bytes(prefix), PostgresRow.Bytes(after), PostgresRow.Number(limit));
                if (end is not null)
                {
                    command.Parameters.Add(PostgresRow.Bytes(end));
                }
                var found = new List<(byte[], StoredGrain)>();
                await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
                while (await row.ReadAsync(cancel).ConfigureAwait(false))
                {
                    found.Add((row.GetFieldValue<byte[]>(4), PostgresRow.Read(row, 0)));
                }
                return found;
            },
            static c => c.CountRead(),
            cancellation).ConfigureAwait(false);
    }

    public async ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.CommitMax);
        ArgumentOutOfRangeException.ThrowIfZero(saves.Count);
        cancellation.ThrowIfCancellationRequested();
        foreach (GrainSave save in saves)
        {
            Invariant.Check(save.ExpectedVersion >= 0 && (save.IsDeletion || save.Grain.Version > save.ExpectedVersion));
        }
        var rows = new PostgresSaves(saves);
        return await _calls.RunAsync(
            (connection, maybeDone, cancel) => PostgresCommit.TryAsync(connection, _schema, saves, rows, maybeDone, cancel),
            saves.Count == 1 ? static c => c.CountWrite() : static c => c.CountTransaction(),
            CancellationToken.None).ConfigureAwait(false);
    }

    public async ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.SaveBatchMax);
        cancellation.ThrowIfCancellationRequested();
        var rows = new PostgresSaves(saves);
        bool[] held = await _calls.RunAsync(
            async (connection, maybeDone, cancel) =>
            {
                await using NpgsqlCommand command = rows.SaveCommand(connection, _schema);
                bool[] held = (bool[])(await command.ExecuteScalarAsync(cancel).ConfigureAwait(false))!;
                if (maybeDone)
                {
                    // The whole call is one transaction: a row that it wrote, or that is gone as asked for, was saved the first time.
                    (long Version, bool IsOurs)[] now = await rows.LookAsync(connection, _schema, cancel).ConfigureAwait(false);
                    held = [.. held.Select((h, i) => h || now[i].IsOurs || (rows[i].IsDeletion && now[i].Version == 0))];
                }
                return held;
            },
            static c => c.CountTransaction(),
            CancellationToken.None).ConfigureAwait(false);
        for (int i = 0; i < held.Length; i++)
        {
            saved.Span[rows.PlaceOf(i)] = held[i];
        }
    }

    public async ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation)
    {
        byte[] from = _forgetCursor;
        (byte[]? last, long deleted) = await _calls.RunAsync(
            async (connection, _, cancel) =>
            {
                // The outer condition is judged again on a row that somebody saves meanwhile.
                string sql = $"""
                    WITH page AS MATERIALIZED (SELECT id, forget_at_ns FROM {_schema}.blocks WHERE id > $1 ORDER BY id LIMIT $2),
                    due AS MATERIALIZED (SELECT id FROM {_schema}.blocks WHERE id IN (SELECT id FROM page WHERE forget_at_ns < $3) ORDER BY id FOR UPDATE SKIP LOCKED),
                    gone AS (DELETE FROM {_schema}.blocks WHERE id IN (SELECT id FROM due) AND forget_at_ns < $3 RETURNING 1)
                    SELECT (SELECT id FROM page ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM gone)
                    """;
                await using NpgsqlCommand command = PostgresRow.Command(connection, sql, PostgresRow.Bytes(from), PostgresRow.Number(limit), PostgresRow.Number(beforeNs));
                await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
                await row.ReadAsync(cancel).ConfigureAwait(false);
                return (row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0), row.GetInt64(1));
            },
            static c => c.CountTransaction(),
            cancellation).ConfigureAwait(false);
        _forgetCursor = last ?? [];
        return (int)deleted;
    }

    public async ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => await _calls.RunAsync(
        async (connection, _, cancel) =>
        {
            await using NpgsqlCommand command = PostgresRow.Command(connection, $"SELECT encoded FROM {_schema}.layouts ORDER BY id");
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
            var layouts = new List<byte[]>();
            while (await row.ReadAsync(cancel).ConfigureAwait(false))
            {
                layouts.Add(row.GetFieldValue<byte[]>(0));
            }
            return layouts;
        },
        static c => c.CountRead(),
        cancellation).ConfigureAwait(false);

    public async ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation) =>
        await WriteAsync("INSERT INTO {0}.layouts (id, encoded) VALUES ($1, $2) ON CONFLICT DO NOTHING", cancellation, () => [PostgresRow.Number(unchecked((long)id)), PostgresRow.Bytes(encoded)]).ConfigureAwait(false);

    public async ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => await _calls.RunAsync(
        async (connection, _, cancel) =>
        {
            await using NpgsqlCommand command = PostgresRow.Command(connection, $"SELECT value FROM {_schema}.numbers WHERE name = $1", PostgresRow.Text(name));
            return (long?)await command.ExecuteScalarAsync(cancel).ConfigureAwait(false);
        },
        static c => c.CountRead(),
        cancellation).ConfigureAwait(false);

    public async ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation) =>
        await WriteAsync("INSERT INTO {0}.numbers (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2", cancellation, () => [PostgresRow.Text(name), PostgresRow.Number(value)]).ConfigureAwait(false);

    public ValueTask DisposeAsync() => _calls.DisposeAsync();

    /// <summary>A write that may be repeated. The parameters are made anew for every attempt: they belong to one command.</summary>
    private Task<int> WriteAsync(string sql, CancellationToken cancellation, Func<NpgsqlParameter[]> parameters) => _calls.RunAsync(
        async (connection, _, cancel) =>
        {
            await using NpgsqlCommand command = PostgresRow.Command(connection, string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, _schema), parameters());
            return await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        },
        static c => c.CountWrite(),
        cancellation);
}
