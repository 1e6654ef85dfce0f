using Microsoft.Data.Sqlite;

namespace Quota.Silo.Store.Sqlite;

/// <summary>
/// Runs statements as one transaction. By hand, because a disk that is full may end a transaction from within SQLite, which the
/// library's own transaction object does not get over: no later one would ever begin.
/// </summary>
internal static class SqliteWork
{
    /// <summary>Commits what <paramref name="work"/> did, or rolls it back if that throws.</summary>
    public static TResult Run<TResult>(SqliteConnection connection, Func<TResult> work)
    {
        SqliteSchema.Execute(connection, "BEGIN IMMEDIATE");
        bool isCommitted = false;
        try
        {
            TResult result = work();
            SqliteSchema.Execute(connection, "COMMIT");
            isCommitted = true;
            return result;
        }
        finally
        {
            if (!isCommitted && SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
            {
                SqliteSchema.Execute(connection, "ROLLBACK");
            }
        }
    }
}
