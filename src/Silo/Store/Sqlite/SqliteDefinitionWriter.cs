using Microsoft.Data.Sqlite;

namespace Quota.Silo.Store.Sqlite;

/// <summary>The prepared statements that change definitions. Used under the store's lock.</summary>
internal sealed class SqliteDefinitionWriter : IDisposable
{
    private readonly SqliteCommand _before;
    private readonly SqliteCommand _audit;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _delete;

    public SqliteDefinitionWriter(SqliteConnection connection)
    {
        _before = Command(connection, "SELECT content FROM definitions WHERE kind = $kind AND namespace = $namespace AND name = $name");
        _audit = Command(
            connection,
            "INSERT INTO audit (at_ms, actor, action, kind, namespace, name, before, after) VALUES ($at, $actor, $action, $kind, $namespace, $name, $before, $after) RETURNING sequence",
            "$at", "$actor", "$action", "$before", "$after");
        _put = Command(
            connection,
            "INSERT INTO definitions (kind, namespace, name, version, source, updated_at_ms, content) VALUES ($kind, $namespace, $name, $version, $source, $at, $content) ON CONFLICT (kind, namespace, name) DO UPDATE SET version = $version, source = $source, updated_at_ms = $at, content = $content",
            "$version", "$source", "$at", "$content");
        _delete = Command(connection, "DELETE FROM definitions WHERE kind = $kind AND namespace = $namespace AND name = $name");
    }

    /// <summary>Makes one change and its audit entry; returns the entry's sequence.</summary>
    public long Write(in DefinitionWrite write)
    {
        object before = Bind(_before, write).ExecuteScalar() ?? DBNull.Value;
        object after = write.Content is { } content ? content.ToArray() : DBNull.Value;
        Bind(_audit, write);
        _audit.Parameters["$at"].Value = write.AtMs;
        _audit.Parameters["$actor"].Value = write.Actor;
        _audit.Parameters["$action"].Value = after is DBNull ? "delete" : before is DBNull ? "create" : "replace";
        _audit.Parameters["$before"].Value = before;
        _audit.Parameters["$after"].Value = after;
        long sequence = (long)_audit.ExecuteScalar()!;
        if (after is DBNull)
        {
            Bind(_delete, write).ExecuteNonQuery();
            return sequence;
        }
        Bind(_put, write);
        _put.Parameters["$version"].Value = sequence;
        _put.Parameters["$source"].Value = (int)write.Source;
        _put.Parameters["$at"].Value = write.AtMs;
        _put.Parameters["$content"].Value = after;
        _put.ExecuteNonQuery();
        return sequence;
    }

    public void Dispose()
    {
        _before.Dispose();
        _audit.Dispose();
        _put.Dispose();
        _delete.Dispose();
    }

    private static SqliteCommand Bind(SqliteCommand command, in DefinitionWrite write)
    {
        command.Parameters["$kind"].Value = (int)write.Id.Kind;
        command.Parameters["$namespace"].Value = write.Id.Namespace;
        command.Parameters["$name"].Value = write.Id.Name;
        return command;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in (ReadOnlySpan<string>)["$kind", "$namespace", "$name", .. parameters])
        {
            SqliteParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
