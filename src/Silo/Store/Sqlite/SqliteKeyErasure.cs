using System.Text;
using Microsoft.Data.Sqlite;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;

namespace Quota.Silo.Store.Sqlite;

/// <summary>
/// Takes a key out of the definitions and their audit trail. Used under the store's lock, within its transaction. Looks at the whole
/// trail of the namespace, because entries of other keys may name the key as their parent.
/// </summary>
internal static class SqliteKeyErasure
{
    /// <summary>Puts the pseudonym in place of the name wherever it stands; returns the sequence of the entry that says so.</summary>
    public static long Begin(SqliteConnection connection, DefinitionId key, string pseudonym, long atMs, string actor)
    {
        Execute(connection, "DELETE FROM definitions WHERE kind = $kind AND namespace = $namespace AND name = $name", key, DefinitionKind.Key);
        foreach ((long sequence, bool isOwn, byte[]? before, byte[]? after) in Entries(connection, key))
        {
            using SqliteCommand redact = connection.CreateCommand();
            redact.CommandText = "UPDATE audit SET name = iif($own, $pseudonym, name), before = $before, after = $after WHERE sequence = $sequence";
            redact.Parameters.AddWithValue("$own", isOwn);
            redact.Parameters.AddWithValue("$pseudonym", pseudonym);
            redact.Parameters.AddWithValue("$before", Redact(before, key.Name, pseudonym));
            redact.Parameters.AddWithValue("$after", Redact(after, key.Name, pseudonym));
            redact.Parameters.AddWithValue("$sequence", sequence);
            redact.ExecuteNonQuery();
        }
        using SqliteCommand audit = connection.CreateCommand();
        audit.CommandText = "INSERT INTO audit (at_ms, actor, action, kind, namespace, name) VALUES ($at, $actor, 'erase', $kind, $namespace, $name) RETURNING sequence";
        audit.Parameters.AddWithValue("$at", atMs);
        audit.Parameters.AddWithValue("$actor", actor);
        audit.Parameters.AddWithValue("$kind", (int)DefinitionKind.Key);
        audit.Parameters.AddWithValue("$namespace", key.Namespace);
        audit.Parameters.AddWithValue("$name", pseudonym);
        long version = (long)audit.ExecuteScalar()!;
        Execute(
            connection,
            "INSERT INTO definitions (kind, namespace, name, version, source, updated_at_ms, content) VALUES ($kind, $namespace, $name, $version, $source, $at, $content) ON CONFLICT (kind, namespace, name) DO UPDATE SET version = $version, updated_at_ms = $at, content = $content",
            key,
            DefinitionKind.Erasure,
            ("$version", version),
            ("$source", (int)Source.Api),
            ("$at", atMs),
            ("$content", Encoding.UTF8.GetBytes(pseudonym)));
        return version;
    }

    /// <summary>The erasures that have not ended.</summary>
    public static List<PendingErasure> Pending(SqliteConnection connection)
    {
        using SqliteCommand select = SqliteRows.Command(connection, "SELECT namespace, name, content FROM definitions WHERE kind = $0 ORDER BY namespace, name", (int)DefinitionKind.Erasure);
        var found = new List<PendingErasure>();
        using SqliteDataReader row = select.ExecuteReader();
        while (row.Read())
        {
            found.Add(new PendingErasure(row.GetString(0), row.GetString(1), Encoding.UTF8.GetString((byte[])row.GetValue(2))));
        }
        return found;
    }

    /// <summary>Forgets the name for good.</summary>
    public static int End(SqliteConnection connection, PendingErasure erasure) =>
        Execute(connection, "DELETE FROM definitions WHERE kind = $kind AND namespace = $namespace AND name = $name", DefinitionId.OfKey(erasure.Namespace, erasure.Name), DefinitionKind.Erasure);

    private static List<(long Sequence, bool IsOwn, byte[]? Before, byte[]? After)> Entries(SqliteConnection connection, DefinitionId key)
    {
        using SqliteCommand select = connection.CreateCommand();
        select.CommandText = "SELECT sequence, name = $name, before, after FROM audit WHERE namespace = $namespace AND kind = $kind AND (name = $name OR instr(before, $utf8) > 0 OR instr(after, $utf8) > 0)";
        select.Parameters.AddWithValue("$name", key.Name);
        select.Parameters.AddWithValue("$namespace", key.Namespace);
        select.Parameters.AddWithValue("$kind", (int)DefinitionKind.Key);
        select.Parameters.AddWithValue("$utf8", Encoding.UTF8.GetBytes(key.Name));
        var found = new List<(long, bool, byte[]?, byte[]?)>();
        using SqliteDataReader row = select.ExecuteReader();
        while (row.Read())
        {
            found.Add((row.GetInt64(0), row.GetBoolean(1), Blob(row, 2), Blob(row, 3)));
        }
        return found;
    }

    private static object Redact(byte[]? content, string name, string pseudonym) =>
        content is null ? DBNull.Value : DefinitionContent.Redact(content, name, pseudonym);

    private static byte[]? Blob(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : (byte[])row.GetValue(column);

    private static int Execute(SqliteConnection connection, string sql, DefinitionId key, DefinitionKind kind, params ReadOnlySpan<(string Name, object Value)> more)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$kind", (int)kind);
        command.Parameters.AddWithValue("$namespace", key.Namespace);
        command.Parameters.AddWithValue("$name", key.Name);
        foreach ((string name, object value) in more)
        {
            command.Parameters.AddWithValue(name, value);
        }
        return command.ExecuteNonQuery();
    }
}
