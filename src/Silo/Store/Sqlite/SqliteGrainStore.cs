using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Quota.Grains;

namespace Quota.Silo.Store.Sqlite;

/// <summary>
/// The embedded store: one SQLite file in WAL mode. Every save is one transaction, synced when it completes.
/// <para>
/// Safe for concurrent use: all writing goes through one connection under one lock; each read borrows a connection of its own
/// and sees the last committed transaction, so reading never waits for a checkpoint. Every call completes synchronously.
/// </para>
/// </summary>
internal sealed class SqliteGrainStore : IGrainStore
{
    private readonly Lock _writing = new();
    private readonly ConcurrentBag<SqliteReader> _readers = [];
    private readonly SqliteConnection _connection;
    private readonly string _connectionString;
    private readonly SqliteCommand _save;
    private readonly SqliteCommand _saveIf;
    private byte[] _forgetCursor = [];
    private volatile bool _closed;

    static SqliteGrainStore() => SQLitePCL.Batteries_V2.Init();

    /// <param name="path">The file; created if absent. Its folder must exist.</param>
    /// <exception cref="StoreException">The file cannot be opened, is not ours, or has a version this build does not read.</exception>
    public SqliteGrainStore(string path)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
        try
        {
            _connection = new SqliteConnection(_connectionString);
            _connection.Open();
            SqliteSchema.Execute(_connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536; PRAGMA busy_timeout = 5000");
            SqliteSchema.Ensure(_connection, path);
            _save = SaveCommand("INSERT INTO grains (id, layout_id, version, forget_at_ns, state) VALUES ($id, $layout, 1, $forget, $state) ON CONFLICT (id) DO UPDATE SET layout_id = $layout, version = version + 1, forget_at_ns = $forget, state = $state");
            _saveIf = SaveCommand("INSERT INTO grains (id, layout_id, version, forget_at_ns, state) SELECT $id, $layout, $expected + 1, $forget, $state WHERE $expected = coalesce((SELECT version FROM grains WHERE id = $id), 0) ON CONFLICT (id) DO UPDATE SET layout_id = $layout, version = version + 1, forget_at_ns = $forget, state = $state");
        }
        catch (SqliteException e)
        {
            _connection?.Dispose();
            throw new StoreException($"{path}: {e.Message}", e);
        }
        catch
        {
            _connection?.Dispose();
            throw;
        }
    }

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation)
    {
        byte[] key = id.ToArray();
        return new(Read(r => r.Load(key)));
    }

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) =>
        new(Read(r => r.Scan(prefix.ToArray(), after.ToArray(), limit)));

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.SaveBatchMax);
        Write(transaction =>
        {
            for (int i = 0; i < saves.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                GrainSave save = saves[i];
                if (save.IsDeletion)
                {
                    byte[] id = save.Id.ToArray();
                    saved.Span[i] = Execute(transaction, "DELETE FROM grains WHERE id = $a AND ($b = -1 OR version = $b)", id, save.ExpectedVersion) == 1
                        || save.ExpectedVersion == GrainSave.AnyVersion
                        || (save.ExpectedVersion == 0 && Scalar(transaction, "SELECT 1 FROM grains WHERE id = $a", id) is null);
                    continue;
                }
                SqliteCommand command = save.ExpectedVersion == GrainSave.AnyVersion ? _save : _saveIf;
                command.Transaction = transaction;
                command.Parameters["$id"].Value = save.Id.ToArray();
                command.Parameters["$layout"].Value = unchecked((long)save.Grain.LayoutId);
                command.Parameters["$forget"].Value = save.Grain.ForgetAtNs;
                command.Parameters["$state"].Value = save.Grain.State.ToArray();
                command.Parameters["$expected"].Value = save.ExpectedVersion;
                saved.Span[i] = command.ExecuteNonQuery() == 1;
            }
            return 0;
        });
        return default;
    }

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.CommitMax);
        cancellation.ThrowIfCancellationRequested();
        return new(Write(transaction =>
        {
            foreach (GrainSave save in saves)
            {
                if ((long?)Scalar(transaction, "SELECT version FROM grains WHERE id = $a", save.Id.ToArray()) is var version && (version ?? 0) != save.ExpectedVersion)
                {
                    return false;
                }
            }
            foreach (GrainSave save in saves)
            {
                if (save.IsDeletion)
                {
                    Execute(transaction, "DELETE FROM grains WHERE id = $a", save.Id.ToArray());
                    continue;
                }
                Invariant.Check(save.Grain.Version > save.ExpectedVersion);
                Execute(
                    transaction,
                    "INSERT OR REPLACE INTO grains (id, layout_id, version, forget_at_ns, state) VALUES ($a, $b, $c, $d, $e)",
                    save.Id.ToArray(),
                    unchecked((long)save.Grain.LayoutId),
                    save.Grain.Version,
                    save.Grain.ForgetAtNs,
                    save.Grain.State.ToArray());
            }
            return true;
        }));
    }

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => new(Write(transaction =>
    {
        // Going round by id needs no index on forget_at_ns, which every save would have to move.
        byte[]? last = Scalar(transaction, "SELECT max(id) FROM (SELECT id FROM grains WHERE id > $a ORDER BY id LIMIT $b)", _forgetCursor, limit) as byte[];
        if (last is null)
        {
            _forgetCursor = [];
            return 0;
        }
        int deleted = Execute(transaction, "DELETE FROM grains WHERE id > $a AND id <= $b AND forget_at_ns < $c", _forgetCursor, last, beforeNs);
        _forgetCursor = last;
        return deleted;
    }));

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => new(Write<IReadOnlyList<byte[]>>(transaction =>
    {
        using SqliteCommand command = Command(transaction, "SELECT encoded FROM layouts ORDER BY id");
        using SqliteDataReader row = command.ExecuteReader();
        var layouts = new List<byte[]>();
        while (row.Read())
        {
            layouts.Add((byte[])row.GetValue(0));
        }
        return layouts;
    }));

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        Write(transaction => Execute(transaction, "INSERT INTO layouts (id, encoded) VALUES ($a, $b) ON CONFLICT DO NOTHING", unchecked((long)id), encoded.ToArray()));
        return default;
    }

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) =>
        new(Write(transaction => (long?)Scalar(transaction, "SELECT value FROM numbers WHERE name = $a", name)));

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation)
    {
        Write(transaction => Execute(transaction, "INSERT INTO numbers (name, value) VALUES ($a, $b) ON CONFLICT (name) DO UPDATE SET value = $b", name, value));
        return default;
    }

    /// <summary>Folds the write-ahead log into the file and closes it.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_writing)
        {
            if (_closed)
            {
                return default;
            }
            _closed = true;
            while (_readers.TryTake(out SqliteReader? reader))
            {
                reader.Dispose();
            }
            _save.Dispose();
            _saveIf.Dispose();
            _connection.Dispose();
        }
        return default;
    }

    private TResult Read<TResult>(Func<SqliteReader, TResult> read)
    {
        try
        {
            SqliteReader reader = _readers.TryTake(out SqliteReader? idle) ? idle : new SqliteReader(_connectionString);
            TResult result = read(reader);
            // A reader that threw is not used again; the garbage collector closes it.
            if (_closed)
            {
                reader.Dispose();
            }
            else
            {
                _readers.Add(reader);
            }
            return result;
        }
        catch (SqliteException e)
        {
            throw new StoreException($"the embedded store cannot be read: {e.Message}", e);
        }
    }

    private TResult Write<TResult>(Func<SqliteTransaction?, TResult> write)
    {
        lock (_writing)
        {
            if (_closed)
            {
                throw new StoreException("the embedded store is closed");
            }
            try
            {
                return SqliteWork.Run(_connection, () => write(null));
            }
            catch (SqliteException e)
            {
                throw new StoreException($"the embedded store cannot be written: {e.Message}", e);
            }
        }
    }

    private SqliteCommand SaveCommand(string sql)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add("$id", SqliteType.Blob);
        command.Parameters.Add("$layout", SqliteType.Integer);
        command.Parameters.Add("$forget", SqliteType.Integer);
        command.Parameters.Add("$state", SqliteType.Blob);
        command.Parameters.Add("$expected", SqliteType.Integer);
        return command;
    }

    private SqliteCommand Command(SqliteTransaction? transaction, string sql, params ReadOnlySpan<object> values)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue("$" + (char)('a' + i), values[i]);
        }
        return command;
    }

    private int Execute(SqliteTransaction? transaction, string sql, params ReadOnlySpan<object> values)
    {
        using SqliteCommand command = Command(transaction, sql, values);
        return command.ExecuteNonQuery();
    }

    private object? Scalar(SqliteTransaction? transaction, string sql, params ReadOnlySpan<object> values)
    {
        using SqliteCommand command = Command(transaction, sql, values);
        return command.ExecuteScalar();
    }
}
