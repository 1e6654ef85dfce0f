using Npgsql;

namespace Quota.Silo.Store.Postgres;

/// <summary>
/// One conditional commit, in one round trip: a statement of its own for one block, a function for several; both commit by
/// themselves, so there is no COMMIT to wait for.
/// <para>
/// After a lost answer the same commit is sent again. Its conditions decide once and for all: if they still hold, the first one had
/// not happened, and now never can; if they do not, a row with this commit's token proves that the first one did, and a row
/// that is still as expected that it did not. What remains is that every row has been overwritten or deleted since: then it is
/// not known. Asking <c>pg_xact_status</c> instead would know this case too, but its id would have to be asked for before every
/// commit: a second round trip for all of them, and none of the certainty that a commit still on its way comes to nothing.
/// </para>
/// </summary>
internal static class PostgresCommit
{
    public static async Task<bool> TryAsync(NpgsqlConnection connection, string schema, IReadOnlyList<GrainSave> saves, PostgresSaves rows, bool maybeDone, CancellationToken cancellation)
    {
        bool held;
        try
        {
            await using NpgsqlCommand command = saves is [{ } only] && !(only.IsDeletion && only.ExpectedVersion == 0)
                ? SingleCommand(connection, schema, only, rows.Token)
                : rows.CommitCommand(connection, schema);
            held = saves is [{ } one] && !(one.IsDeletion && one.ExpectedVersion == 0)
                ? await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) == 1
                : (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
        }
        catch (PostgresException e) when (e.SqlState == PostgresSchema.LostRace)
        {
            held = false;
        }
        return held || (maybeDone && await WasOursAsync(connection, schema, rows, cancellation).ConfigureAwait(false));
    }

    private static NpgsqlCommand SingleCommand(NpgsqlConnection connection, string schema, in GrainSave save, long token)
    {
        if (save.IsDeletion)
        {
            return PostgresRow.Command(connection, $"DELETE FROM {schema}.blocks WHERE id = $1 AND version = $2", PostgresRow.Bytes(save.Id), PostgresRow.Number(save.ExpectedVersion));
        }
        NpgsqlCommand command = PostgresRow.Command(
            connection,
            save.ExpectedVersion == 0
                ? $"INSERT INTO {schema}.blocks (id, layout_id, version, forget_at_ns, token, state) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
                : $"UPDATE {schema}.blocks SET layout_id = $2, version = $3, forget_at_ns = $4, token = $5, state = $6 WHERE id = $1 AND version = $7",
            PostgresRow.Bytes(save.Id), PostgresRow.Number(unchecked((long)save.Grain.LayoutId)), PostgresRow.Number(save.Grain.Version), PostgresRow.Number(save.Grain.ForgetAtNs), PostgresRow.Number(token), PostgresRow.Bytes(save.Grain.State));
        if (save.ExpectedVersion != 0)
        {
            command.Parameters.Add(PostgresRow.Number(save.ExpectedVersion));
        }
        return command;
    }

    private static async Task<bool> WasOursAsync(NpgsqlConnection connection, string schema, PostgresSaves rows, CancellationToken cancellation)
    {
        (long Version, bool IsOurs)[] now = await rows.LookAsync(connection, schema, cancellation).ConfigureAwait(false);
        if (now.Any(n => n.IsOurs))
        {
            return true;
        }
        for (int i = 0; i < now.Length; i++)
        {
            if (rows[i].Expected > 0 && now[i].Version == rows[i].Expected)
            {
                return false;
            }
        }
        throw new StoreException("the answer to a commit was lost, and its blocks have changed since: whether it happened is not known");
    }
}
