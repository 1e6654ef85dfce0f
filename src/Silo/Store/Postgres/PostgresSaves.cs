using Npgsql;

namespace Quota.Silo.Store.Postgres;

/// <summary>
/// Saves as the arrays that the functions of the schema take, ascending by id: everybody locks rows in the same order. The token is
/// drawn anew for every call and written into each row, so that after a lost answer a row says whose commit wrote it last.
/// </summary>
internal sealed class PostgresSaves
{
    private readonly int[] _order;
    private readonly byte[][] _ids;
    private readonly long[] _expected;
    private readonly long[] _layouts;
    private readonly long[] _versions;
    private readonly long[] _forgets;
    private readonly byte[]?[] _states;

    public PostgresSaves(IReadOnlyList<GrainSave> saves)
    {
        _order = [.. Enumerable.Range(0, saves.Count)];
        Array.Sort(_order, (a, b) => saves[a].Id.Span.SequenceCompareTo(saves[b].Id.Span));
        _ids = Array.ConvertAll(_order, i => saves[i].Id.ToArray());
        _expected = Array.ConvertAll(_order, i => saves[i].ExpectedVersion);
        _layouts = Array.ConvertAll(_order, i => unchecked((long)saves[i].Grain.LayoutId));
        // A deletion that expects nothing is a row for a moment, and a row's version is above 0.
        _versions = Array.ConvertAll(_order, i => saves[i].IsDeletion ? 1 : saves[i].Grain.Version);
        _forgets = Array.ConvertAll(_order, i => saves[i].Grain.ForgetAtNs);
        _states = Array.ConvertAll(_order, i => saves[i].IsDeletion ? null : saves[i].Grain.State.ToArray());
    }

    public long Token { get; } = Random.Shared.NextInt64();

    /// <summary>Place of the save among the caller's whose id is the <paramref name="sorted"/>th.</summary>
    public int PlaceOf(int sorted) => _order[sorted];

    public NpgsqlCommand CommitCommand(NpgsqlConnection connection, string schema) => PostgresRow.Command(
        connection,
        $"SELECT {schema}.commit_blocks($1, $2, $3, $4, $5, $6, $7)",
        PostgresRow.Bytes(_ids), PostgresRow.Numbers(_expected), PostgresRow.Numbers(_layouts), PostgresRow.Numbers(_versions), PostgresRow.Numbers(_forgets), PostgresRow.Bytes(_states), PostgresRow.Number(Token));

    public NpgsqlCommand SaveCommand(NpgsqlConnection connection, string schema) => PostgresRow.Command(
        connection,
        $"SELECT {schema}.save_blocks($1, $2, $3, $4, $5, $6)",
        PostgresRow.Bytes(_ids), PostgresRow.Numbers(_expected), PostgresRow.Numbers(_layouts), PostgresRow.Numbers(_forgets), PostgresRow.Bytes(_states), PostgresRow.Number(Token));

    /// <summary>What the store holds now: per save, in the order of the ids, its version (0: none) and whether this call wrote it.</summary>
    public async Task<(long Version, bool IsOurs)[]> LookAsync(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        var found = new (long, bool)[_ids.Length];
        await using NpgsqlCommand command = PostgresRow.Command(connection, $"SELECT id, version, token FROM {schema}.blocks WHERE id = ANY ($1)", PostgresRow.Bytes(_ids));
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await row.ReadAsync(cancellation).ConfigureAwait(false))
        {
            byte[] id = row.GetFieldValue<byte[]>(0);
            int place = Array.FindIndex(_ids, other => other.AsSpan().SequenceEqual(id));
            found[place] = (row.GetInt64(1), row.GetInt64(2) == Token);
        }
        return found;
    }

    /// <summary>The version that the save of the <paramref name="sorted"/>th id expects, and whether it deletes.</summary>
    public (long Expected, bool IsDeletion) this[int sorted] => (_expected[sorted], _states[sorted] is null);
}
