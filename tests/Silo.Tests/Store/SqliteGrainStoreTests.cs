using Microsoft.Data.Sqlite;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Store;

/// <summary>The contract on the embedded store, and what only a file can get wrong.</summary>
public sealed class SqliteGrainStoreTests : GrainStoreContract
{
    private readonly TempFolder _folder = new();

    private protected override Task<IGrainStore> OpenAsync() => Task.FromResult<IGrainStore>(new SqliteGrainStore(_folder.File("grains.db")));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(_folder.File("text.db"), new string('x', 5000));
        Assert.Contains("text.db", Assert.Throws<StoreException>(() => new SqliteGrainStore(_folder.File("text.db"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CREATE TABLE other (a)", "not one of Quota's")]
    [InlineData("CREATE TABLE other (a); PRAGMA application_id = 1366650740; PRAGMA user_version = 2", "store version 2, this build reads 1")]
    public void A_foreign_or_newer_database_is_refused(string sql, string expected)
    {
        string path = _folder.File("other.db");
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
        Assert.Contains(expected, Assert.Throws<StoreException>(() => new SqliteGrainStore(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Loads_complete_on_the_callers_thread()
    {
        await using IGrainStore store = new SqliteGrainStore(_folder.File("sync.db"));
        Assert.True(store.LoadAsync(new byte[] { 1 }, default).IsCompleted);
    }
}
