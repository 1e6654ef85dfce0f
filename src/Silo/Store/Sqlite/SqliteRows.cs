using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Quota.Silo.Store.Sqlite;

/// <summary>Statements that are too rare to be prepared. Their values are <c>$0</c>, <c>$1</c> and so on.</summary>
internal static class SqliteRows
{
    public static int Execute(SqliteConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        using SqliteCommand command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first value of the first row; null if there is no row.</summary>
    public static object? Scalar(SqliteConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        using SqliteCommand command = Command(connection, sql, values);
        return command.ExecuteScalar();
    }

    public static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue("$" + i.ToString(CultureInfo.InvariantCulture), values[i]);
        }
        return command;
    }
}
