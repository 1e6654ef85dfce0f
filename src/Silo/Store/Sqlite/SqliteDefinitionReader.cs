using Microsoft.Data.Sqlite;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;

namespace Quota.Silo.Store.Sqlite;

/// <summary>One read-only connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteDefinitionReader : IDisposable
{
    private const string Columns = "kind, namespace, name, version, source, updated_at_ms, content";

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _load;
    private readonly SqliteCommand _scan;
    private readonly SqliteCommand _scanOne;
    private readonly SqliteCommand _scanFile;

    public SqliteDefinitionReader(string connectionString)
    {
        _connection = new SqliteConnection(connectionString);
        _connection.Open();
        SqliteSchema.Execute(_connection, "PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824; PRAGMA busy_timeout = 5000");
        _load = Command($"SELECT {Columns} FROM definitions WHERE kind = $kind AND namespace = $namespace AND name = $name");
        _scan = Command($"SELECT {Columns} FROM definitions WHERE kind = $kind AND (namespace, name) > ($namespace, $name) ORDER BY namespace, name LIMIT $limit");
        _scanOne = Command($"SELECT {Columns} FROM definitions WHERE kind = $kind AND namespace = $namespace AND name > $name ORDER BY name LIMIT $limit");
        _scanFile = Command($"SELECT {Columns} FROM definitions WHERE kind = $kind AND (namespace, name) > ($namespace, $name) AND source = {(int)Source.File} ORDER BY namespace, name LIMIT $limit");
        _scan.Parameters.Add("$limit", SqliteType.Integer);
        _scanFile.Parameters.Add("$limit", SqliteType.Integer);
        _scanOne.Parameters.Add("$limit", SqliteType.Integer);
    }

    public StoredDefinition? Load(DefinitionId id)
    {
        using SqliteDataReader row = Bind(_load, id).ExecuteReader();
        return row.Read() ? Definition(row) : null;
    }

    public List<StoredDefinition> Scan(DefinitionId after, bool isOneNamespace, int limit) => Scan(Bind(isOneNamespace ? _scanOne : _scan, after), limit);

    public List<StoredDefinition> ScanFile(DefinitionId after, int limit) => Scan(Bind(_scanFile, after), limit);

    public List<StoredAudit> ScanAudit(long after, AuditFilter filter, int limit)
    {
        using SqliteCommand command = _connection.CreateCommand();
        // With a name the index finds the few entries there are; without one the trail is read in its own order.
        string where = filter.Namespace.Length == 0 ? "" : filter.Key.Length == 0 ? " AND +namespace = $namespace" : $" AND namespace = $namespace AND kind = {(int)DefinitionKind.Key} AND name = $key";
        if (filter is { Namespace: "", Key.Length: > 0 })
        {
            where = $" AND kind = {(int)DefinitionKind.Key} AND name = $key";
        }
        command.CommandText = $"SELECT sequence, at_ms, actor, action, kind, namespace, name, before, after FROM audit WHERE sequence > $after AND at_ms >= $from{where} ORDER BY sequence LIMIT $limit";
        command.Parameters.AddWithValue("$after", after);
        command.Parameters.AddWithValue("$from", filter.FromMs);
        command.Parameters.AddWithValue("$namespace", filter.Namespace);
        command.Parameters.AddWithValue("$key", filter.Key);
        command.Parameters.AddWithValue("$limit", limit);
        var found = new List<StoredAudit>();
        using SqliteDataReader row = command.ExecuteReader();
        for (long bytes = 0; bytes < Bounds.PageBytesMax && row.Read();)
        {
            var id = new DefinitionId((DefinitionKind)row.GetInt32(4), row.GetString(5), row.GetString(6));
            var entry = new StoredAudit(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), id, Blob(row, 7), Blob(row, 8));
            bytes += (entry.Before?.Length ?? 0) + (entry.After?.Length ?? 0);
            found.Add(entry);
        }
        return found;
    }

    public void Dispose()
    {
        _load.Dispose();
        _scan.Dispose();
        _scanOne.Dispose();
        _scanFile.Dispose();
        _connection.Dispose();
    }

    private static List<StoredDefinition> Scan(SqliteCommand command, int limit)
    {
        command.Parameters["$limit"].Value = limit;
        var found = new List<StoredDefinition>();
        using SqliteDataReader row = command.ExecuteReader();
        for (long bytes = 0; bytes < Bounds.PageBytesMax && row.Read();)
        {
            StoredDefinition definition = Definition(row);
            bytes += definition.Content.Length;
            found.Add(definition);
        }
        return found;
    }

    private static StoredDefinition Definition(SqliteDataReader row) =>
        new(new DefinitionId((DefinitionKind)row.GetInt32(0), row.GetString(1), row.GetString(2)), row.GetInt64(3), (Source)row.GetInt32(4), row.GetInt64(5), (byte[])row.GetValue(6));

    private static ReadOnlyMemory<byte>? Blob(SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>((byte[])row.GetValue(column));

    private static SqliteCommand Bind(SqliteCommand command, DefinitionId id)
    {
        command.Parameters["$kind"].Value = (int)id.Kind;
        command.Parameters["$namespace"].Value = id.Namespace;
        command.Parameters["$name"].Value = id.Name;
        return command;
    }

    private SqliteCommand Command(string sql)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add("$kind", SqliteType.Integer);
        command.Parameters.Add("$namespace", SqliteType.Text);
        command.Parameters.Add("$name", SqliteType.Text);
        return command;
    }
}
