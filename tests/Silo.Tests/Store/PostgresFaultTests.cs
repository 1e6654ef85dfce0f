using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Store;

/// <summary>What only a server across a network can get wrong: lost answers, ended sessions, missing rights, other versions.</summary>
[NeedsServer(ServerKind.Postgres)]
public sealed class PostgresFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly string _schema = $"t{Guid.NewGuid():N}";
    private PostgresServer _server = null!;
    private NpgsqlDataSource _admin = null!;

    public async Task InitializeAsync()
    {
        _server = await SharedServers.Postgres;
        _admin = NpgsqlDataSource.Create(_server.ConnectionString);
    }

    public async Task DisposeAsync() => await _admin.DisposeAsync();

    [ServerFact]
    public async Task A_commit_whose_answer_was_lost_is_found_to_be_done()
    {
        await using var proxy = new TcpFaultProxy(_server.Port);
        await using ICountedStore store = await OpenAsync(Settings(proxy.Port));
        for (int i = 0; i < 3; i++)
        {
            proxy.LoseNextAnswer();
            Assert.True(await store.CommitAsync([Put(1, i, i + 1)], default));
            proxy.LoseNextAnswer();
            Assert.True(await store.CommitAsync([Put(2, i, i + 1), Put(3, i, i + 1)], default));
        }
        Assert.Equal(3, (await store.LoadAsync(Id(1), default))!.Value.Version);
        Assert.Equal(3, (await store.LoadAsync(Id(3), default))!.Value.Version);
        Assert.Equal(6, store.Counters.Unknowns);
        proxy.LoseNextAnswer();
        Assert.False(await store.CommitAsync([Put(2, 3, 4), Put(3, 99, 100)], default));
    }

    [ServerFact]
    public async Task A_lost_answer_whose_blocks_have_changed_since_is_not_known()
    {
        await using var proxy = new TcpFaultProxy(_server.Port);
        await using ICountedStore store = await OpenAsync(Settings(proxy.Port));
        await using ICountedStore other = await OpenAsync(Settings(_server.Port));
        Assert.True(await store.CommitAsync([Put(1, 0, 1)], default));
        proxy.LoseNextAnswer(async () => Assert.True(await other.CommitAsync([Put(1, 2, 3)], default)));
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 1, 2)], default));
        Assert.Contains("is not known", e.Message, StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task On_a_network_that_is_cut_a_call_ends_when_its_time_is_over()
    {
        await using var proxy = new TcpFaultProxy(_server.Port);
        PostgresSettings settings = Settings(proxy.Port) with { TimeoutMs = 4_000 };
        await using ICountedStore store = await OpenAsync(settings);
        Assert.True(await store.CommitAsync([Put(1, 0, 1)], default));
        proxy.Cut();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 1, 2)], default));
        double ms = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        output.WriteLine($"{ms:0} ms");
        proxy.Heal();
        // To ask the server over the same network to cancel each attempt takes seconds more.
        Assert.InRange(ms, 0, settings.TimeoutMs + 1_500);
        Assert.NotNull(await store.LoadAsync(Id(1), default));
    }

    [ServerFact]
    public async Task A_session_that_is_ended_during_a_commit_costs_a_retry()
    {
        await using ICountedStore store = await OpenAsync(Settings(_server.Port) with { TimeoutMs = 15_000 });
        Assert.True(await store.CommitAsync([Put(1, 0, 1), Put(2, 0, 1)], default));
        await using NpgsqlConnection holder = await _admin.OpenConnectionAsync();
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync();
        await ExecuteAsync(holder, $"SELECT 1 FROM {_schema}.blocks FOR UPDATE");
        ValueTask<bool> commit = store.CommitAsync([Put(1, 1, 2), Put(2, 1, 2)], default);
        Assert.True(await UntilAsync(async () => await ScalarAsync<long>("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1", $"%{_schema}.commit_blocks%") > 0));
        await held.RollbackAsync();
        Assert.True(await commit);
        Assert.Equal(2, (await store.LoadAsync(Id(2), default))!.Value.Version);
        Assert.True(store.Counters.Retries >= 1);
    }

    [ServerFact]
    public async Task A_block_that_somebody_locks_for_too_long_fails_the_call_in_time()
    {
        await using ICountedStore store = await OpenAsync(Settings(_server.Port) with { TimeoutMs = 600 });
        Assert.True(await store.CommitAsync([Put(1, 0, 1)], default));
        await using NpgsqlConnection holder = await _admin.OpenConnectionAsync();
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync();
        await ExecuteAsync(holder, $"SELECT 1 FROM {_schema}.blocks FOR UPDATE");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 1, 2)], default));
        Assert.Contains("no answer within 600 ms", e.Message, StringComparison.Ordinal);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
    }

    [ServerFact]
    public async Task A_server_that_is_not_there_is_an_error_in_time()
    {
        StoreException e = await Assert.ThrowsAsync<StoreException>(() => StoreFactory.OpenAsync(Settings(ServerProcess.FreePort()) with { TimeoutMs = 500 }, NullLogger.Instance, default));
        Assert.Contains("no answer within 500 ms", e.Message, StringComparison.Ordinal);
        Assert.True(e.MayPass);
    }

    [ServerFact]
    public async Task Another_version_is_refused()
    {
        await (await OpenAsync(Settings(_server.Port))).DisposeAsync();
        await using (NpgsqlConnection connection = await _admin.OpenConnectionAsync())
        {
            await ExecuteAsync(connection, $"UPDATE {_schema}.meta SET value = 2");
        }
        Assert.Contains("store version 2, this build reads 1", await ErrorAsync(Settings(_server.Port)), StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task Tables_that_are_not_there_are_refused_when_they_may_not_be_created()
    {
        Assert.Contains("create is off", await ErrorAsync(Settings(_server.Port) with { Create = false }), StringComparison.Ordinal);
        Assert.Contains("is not 1 to 63", await ErrorAsync(Settings(_server.Port) with { Schema = "a\"; DROP" }), StringComparison.Ordinal);
        Assert.Contains("connection string", await ErrorAsync(Settings(_server.Port) with { ConnectionString = "Nonsense=1" }), StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task A_role_without_a_right_is_refused_with_its_name()
    {
        await (await OpenAsync(Settings(_server.Port))).DisposeAsync();
        string role = $"r{Guid.NewGuid():N}";
        await using NpgsqlConnection connection = await _admin.OpenConnectionAsync();
        await ExecuteAsync(connection, $"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {_schema} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {_schema} TO {role}");
        PostgresSettings settings = Settings(_server.Port) with { Create = false };
        settings = settings with { ConnectionString = settings.ConnectionString.Replace("Username=quota", $"Username={role}", StringComparison.Ordinal) };
        await (await OpenAsync(settings)).DisposeAsync();
        foreach ((string right, string table, string step) in ((string, string, string)[])
            [("INSERT", "blocks", "inserting"), ("UPDATE", "blocks", "saving"), ("DELETE", "blocks", "deleting"), ("SELECT", "blocks", "loading"), ("INSERT", "layouts", "INSERT on"), ("INSERT", "numbers", "number")])
        {
            await ExecuteAsync(connection, $"REVOKE {right} ON {_schema}.{table} FROM {role}");
            string error = await ErrorAsync(settings);
            Assert.Contains("the role lacks a right", error, StringComparison.Ordinal);
            Assert.Contains(step, error, StringComparison.Ordinal);
            Assert.Contains(table, error, StringComparison.Ordinal);
            await ExecuteAsync(connection, $"GRANT {right} ON {_schema}.{table} TO {role}");
        }
        await ExecuteAsync(connection, $"ALTER ROLE {role} SET synchronous_commit = off");
        Assert.Contains("synchronous_commit is off", await ErrorAsync(settings), StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task Silos_that_start_at_once_create_the_tables_once()
    {
        ICountedStore[] stores = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => OpenAsync(Settings(_server.Port))));
        foreach (ICountedStore store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [ServerFact]
    public async Task Each_call_is_one_request()
    {
        await using ICountedStore store = await OpenAsync(Settings(_server.Port));
        await StoreTimings.PrintAsync("PostgreSQL", store, output);
    }

    private static byte[] Id(int i) => [7, (byte)i];

    private static GrainSave Put(int i, long expected, long version) => new(Id(i), expected, new StoredGrain(1, version, long.MaxValue, new byte[] { (byte)version }));

    private static async Task<bool> UntilAsync(Func<Task<bool>> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (patience.Elapsed < Patience)
        {
            if (await condition())
            {
                return true;
            }
            await Task.Delay(10);
        }
        return false;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<TValue> ScalarAsync<TValue>(string sql, string value)
    {
        await using NpgsqlCommand command = _admin.CreateCommand(sql);
        command.Parameters.AddWithValue(value);
        return (TValue)(await command.ExecuteScalarAsync())!;
    }

    private PostgresSettings Settings(int port) => new()
    {
        ConnectionString = _server.ConnectionString.Replace($"Port={_server.Port}", $"Port={port}", StringComparison.Ordinal),
        Schema = _schema,
        TimeoutMs = 6_000,
    };

    private static async Task<ICountedStore> OpenAsync(PostgresSettings settings)
    {
        return await StoreFactory.OpenAsync(settings, NullLogger.Instance, default);
    }

    private static async Task<string> ErrorAsync(PostgresSettings settings) =>
        (await Assert.ThrowsAsync<StoreException>(() => StoreFactory.OpenAsync(settings, NullLogger.Instance, default))).Message;
}
