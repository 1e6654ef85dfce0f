using Npgsql;
using NpgsqlTypes;

namespace Quota.Silo.Store.Postgres;

/// <summary>Parameters and rows of <c>blocks</c>.</summary>
internal static class PostgresRow
{
    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (NpgsqlParameter parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }
        return command;
    }

    public static NpgsqlParameter Bytes(ReadOnlyMemory<byte> value) => new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea };

    public static NpgsqlParameter Number(long value) => new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint };

    public static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    public static NpgsqlParameter Bytes(byte[]?[] values) => new NpgsqlParameter<byte[]?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    public static NpgsqlParameter Numbers(long[] values) => new NpgsqlParameter<long[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    /// <summary>A row whose columns from <paramref name="first"/> on are layout_id, version, forget_at_ns, state.</summary>
    public static StoredGrain Read(NpgsqlDataReader row, int first) =>
        new(unchecked((ulong)row.GetInt64(first)), row.GetInt64(first + 1), row.GetInt64(first + 2), row.GetFieldValue<byte[]>(first + 3));
}
