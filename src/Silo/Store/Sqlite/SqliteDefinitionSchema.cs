namespace Quota.Silo.Store.Sqlite;

/// <summary>The tables of <c>definitions.db</c>, and their version (docs/DATA_FILE.md). APPEND-ONLY: a later version must open this one.</summary>
internal static class SqliteDefinitionSchema
{
    public const int Version = 1;

    /// <summary>The version of a file that follows the change log of a cluster: a build that knew only the other would change it by itself.</summary>
    public const int ReplicaVersion = 2;

    /// <summary>"Quod" in ASCII: tells the file from any other SQLite file, and from the grains' own.</summary>
    public const int ApplicationId = 0x51756F64;

    /// <summary>
    /// Text is compared byte by byte, so that the order is that of the names' UTF-8. <c>AUTOINCREMENT</c> never gives a sequence
    /// twice. Actions: create, replace, delete, erase.
    /// </summary>
    public const string Create = """
        CREATE TABLE definitions (kind INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, source INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
        CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, kind INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, before BLOB, after BLOB);
        CREATE INDEX audit_by_name ON audit (namespace, kind, name);
        """;

    /// <summary>
    /// What a replica has besides: one row that says how far it has come in the log of which cluster, and which file the cluster
    /// adopted last; and of every batch with audit entries its first record and its first entry.
    /// </summary>
    public const string CreateReplica = """
        CREATE TABLE replica (cluster BLOB NOT NULL, applied INTEGER NOT NULL, revision INTEGER NOT NULL, hash TEXT NOT NULL, silo TEXT NOT NULL, adopted_at_ms INTEGER NOT NULL);
        CREATE TABLE logged (record INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
        CREATE INDEX logged_by_sequence ON logged (sequence);
        """;
}
