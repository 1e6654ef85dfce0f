using Microsoft.Data.Sqlite;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Store;

/// <summary>The contract on the embedded store of definitions, and what only a file can get wrong.</summary>
public sealed class SqliteDefinitionStoreTests : DefinitionStoreContract
{
    private readonly TempFolder _folder = new();

    private protected override IDefinitionStore Open() => new SqliteDefinitionStore(_folder.File("definitions.db"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_grains_file_is_refused()
    {
        await using (new SqliteGrainStore(_folder.File("grains.db")))
        {
        }
        Assert.Contains("not one of Quota's", Assert.Throws<StoreException>(() => new SqliteDefinitionStore(_folder.File("grains.db"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_file_is_refused()
    {
        string path = _folder.File("newer.db");
        Execute(path, $"CREATE TABLE other (a); PRAGMA application_id = {SqliteDefinitionSchema.ApplicationId}; PRAGMA user_version = 3");
        Assert.Contains("store version 3, this build reads 1", Assert.Throws<StoreException>(() => new SqliteDefinitionStore(path)).Message, StringComparison.Ordinal);
    }

    /// <summary>APPEND-ONLY: rows as the first version wrote them.</summary>
    [Fact]
    public async Task A_file_of_the_first_version_is_read()
    {
        string path = _folder.File("golden.db");
        Execute(path, """
            CREATE TABLE definitions (kind INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, source INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
            CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, kind INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, before BLOB, after BLOB);
            CREATE INDEX audit_by_name ON audit (namespace, kind, name);
            INSERT INTO definitions VALUES (3, 'n', 'k', 5, 2, 99, x'0A016E12016B1A0170');
            INSERT INTO audit VALUES (5, 99, 'file:quota.yaml', 'create', 3, 'n', 'k', NULL, x'0A016E12016B1A0170');
            PRAGMA application_id = 1366650724; PRAGMA user_version = 1;
            """);
        await using var store = new SqliteDefinitionStore(path);
        StoredDefinition stored = (await store.LoadAsync(DefinitionId.OfKey("n", "k"), default))!.Value;
        Assert.Equal((5L, Source.File, 99L), (stored.Version, stored.Source, stored.UpdatedAtMs));
        Assert.Equal(new Key { Namespace = "n", Name = "k", Plan = "p" }, Key.Parser.ParseFrom(stored.Content.Span));
        Assert.Equal(6, Assert.Single((await store.ApplyAsync([new DefinitionWrite(stored.Id, null, Source.File, 100, "a")], default))!));
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
