namespace Quota.Silo.Store.Sqlite;

/// <summary>The tables of <c>definitions.db</c>, and their version (docs/DATA_FILE.md). APPEND-ONLY: a later version must open this one.</summary>
internal static class SqliteDefinitionSchema
{
    public const int Version = 1;

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
}
