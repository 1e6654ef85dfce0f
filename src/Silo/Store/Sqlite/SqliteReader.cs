using Microsoft.Data.Sqlite;

namespace Quota.Silo.Store.Sqlite;

/// <summary>One read-only connection with its prepared look-up. Used by one thread at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _load;
    private readonly SqliteParameter _id;

    public SqliteReader(string connectionString)
    {
        _connection = new SqliteConnection(connectionString);
        _connection.Open();
        SqliteSchema.Execute(_connection, "PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824; PRAGMA busy_timeout = 5000");
        _load = _connection.CreateCommand();
        _load.CommandText = "SELECT layout_id, version, forget_at_ns, state FROM grains WHERE id = $id";
        _id = _load.Parameters.Add("$id", SqliteType.Blob);
        _load.Prepare();
    }

    public StoredGrain? Load(byte[] id)
    {
        _id.Value = id;
        using SqliteDataReader row = _load.ExecuteReader();
        return row.Read() ? Read(row, 0) : null;
    }

    public List<(byte[] Id, StoredGrain Grain)> Scan(byte[] prefix, byte[] after, int limit)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT layout_id, version, forget_at_ns, state, id FROM grains WHERE id > $after AND id >= $prefix ORDER BY id LIMIT $limit";
        command.Parameters.AddWithValue("$after", after);
        command.Parameters.AddWithValue("$prefix", prefix);
        command.Parameters.AddWithValue("$limit", limit);
        if (IdPrefix.UpperEnd(prefix) is byte[] end)
        {
            command.CommandText = command.CommandText.Replace("ORDER BY", "AND id < $end ORDER BY", StringComparison.Ordinal);
            command.Parameters.AddWithValue("$end", end);
        }
        var found = new List<(byte[], StoredGrain)>();
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            found.Add(((byte[])row.GetValue(4), Read(row, 0)));
        }
        return found;
    }

    public void Dispose()
    {
        _load.Dispose();
        _connection.Dispose();
    }

    private static StoredGrain Read(SqliteDataReader row, int first) =>
        new(unchecked((ulong)row.GetInt64(first)), row.GetInt64(first + 1), row.GetInt64(first + 2), (byte[])row.GetValue(first + 3));
}
