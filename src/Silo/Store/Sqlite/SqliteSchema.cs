using Microsoft.Data.Sqlite;

namespace Quota.Silo.Store.Sqlite;

/// <summary>The tables of the embedded store, and their version (docs/DATA_FILE.md). APPEND-ONLY: a later version must open this one.</summary>
internal static class SqliteSchema
{
    public const int Version = 1;

    /// <summary>"Quot" in ASCII: tells our file from any other SQLite file.</summary>
    public const int ApplicationId = 0x51756F74;

    private const string Create = """
        CREATE TABLE grains (id BLOB PRIMARY KEY, layout_id INTEGER NOT NULL, version INTEGER NOT NULL, forget_at_ns INTEGER NOT NULL, state BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE layouts (id INTEGER PRIMARY KEY, encoded BLOB NOT NULL);
        CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>Creates the tables of a new file, or makes sure that an existing one is ours and of a version we know.</summary>
    /// <exception cref="StoreException">It is not.</exception>
    public static void Ensure(SqliteConnection connection, string path) => Ensure(connection, path, Create, ApplicationId, Version);

    /// <summary>The same for a file with other tables.</summary>
    /// <exception cref="StoreException">It is not ours, or of an unknown version.</exception>
    public static void Ensure(SqliteConnection connection, string path, string create, int applicationId, int knownVersion)
    {
        long version = Number(connection, "PRAGMA user_version");
        long application = Number(connection, "PRAGMA application_id");
        bool empty = Number(connection, "SELECT count(*) FROM sqlite_master") == 0;
        if (empty && version == 0)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Execute(connection, create, transaction);
            Execute(connection, $"PRAGMA application_id = {applicationId}; PRAGMA user_version = {knownVersion}", transaction);
            transaction.Commit();
            return;
        }
        if (application != applicationId)
        {
            throw new StoreException($"{path}: a SQLite file, but not one of Quota's");
        }
        if (version != knownVersion)
        {
            throw new StoreException($"{path}: store version {version}, this build reads {knownVersion}");
        }
    }

    public static void Execute(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
