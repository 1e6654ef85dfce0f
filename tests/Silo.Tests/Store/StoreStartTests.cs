using Microsoft.Extensions.Logging.Abstractions;
using Quota.Contracts;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Store;

/// <summary>A silo's start while its shared store does not answer.</summary>
[NeedsServer(ServerKind.DynamoLocal)]
public sealed class StoreStartTests
{
    private static readonly TimeSpan LineTimeout = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_store_that_does_not_answer_is_asked_again_until_it_does()
    {
        int calls = 0;
        Assert.Equal(4, await PassAsync(() => ++calls < 4 ? throw Away() : Task.FromResult(calls), 60_000));
    }

    [Fact]
    public async Task A_store_that_stays_away_is_given_up_in_time()
    {
        int calls = 0;
        Assert.Equal("away", (await Assert.ThrowsAsync<StoreException>(() => PassAsync(() => ++calls > 0 ? throw Away() : Task.FromResult(0), 3_000))).Message);
        Assert.Equal(3_000 / Bounds.StoreStartPauseMs, calls);
    }

    [Theory]
    [InlineData(false, 60_000)]
    [InlineData(true, 0)]
    public async Task A_store_that_refuses_is_asked_once_and_so_is_one_that_is_not_to_be_waited_for(bool mayPass, int waitMs)
    {
        int calls = 0;
        await Assert.ThrowsAsync<StoreException>(() => StoreStart.WaitAsync<int>(
            () =>
            {
                calls++;
                throw new StoreException("no") { MayPass = mayPass };
            },
            waitMs,
            _time,
            NullLogger.Instance,
            default));
        Assert.Equal(1, calls);
    }

    [ServerFact]
    public async Task A_silo_says_what_it_waits_for_and_serves_once_the_store_answers()
    {
        using var folder = new TempFolder();
        await using var proxy = new TcpFaultProxy((await SharedServers.Dynamo).Port);
        proxy.Cut();
        string config = folder.File("quota.yaml");
        await File.WriteAllTextAsync(config, $$"""
            server:
              executor: shared
              store: { dynamodb: { table: t{{Guid.NewGuid():N}}, endpoint: "http://127.0.0.1:{{proxy.Port}}", timeout: 500ms } }
            namespaces: { n: { plans: { p: { limits: [] } } } }
            """);
        using ChildProcess silo = SiloProcess.Launch(config, folder.File("data"));
        string said = await silo.WaitForTextAsync("The start waits for the shared store", LineTimeout);
        Assert.Contains("no answer within 500 ms", said, StringComparison.Ordinal);
        proxy.Heal();
        await silo.WaitForLineAsync("ready", LineTimeout);
    }

    [ServerFact]
    public async Task A_silo_whose_store_stays_away_ends_with_the_reason()
    {
        using var folder = new TempFolder();
        string config = folder.File("quota.yaml");
        await File.WriteAllTextAsync(config, $$"""
            server:
              executor: shared
              store: { dynamodb: { endpoint: "http://127.0.0.1:{{ServerProcess.FreePort()}}", timeout: 200ms, start_timeout: 1s } }
            namespaces: { n: { plans: { p: { limits: [] } } } }
            """);
        using ChildProcess silo = SiloProcess.Launch(config, folder.File("data"));
        Assert.NotEqual(0, await silo.WaitForExitAsync(LineTimeout));
        Assert.Contains("quota: DynamoDB, table quota: no answer within 200 ms", silo.Output, StringComparison.Ordinal);
    }

    private static StoreException Away() => new("away") { MayPass = true };

    /// <summary>Begins a start, and lets its pauses pass until it has ended.</summary>
    private async Task<int> PassAsync(Func<Task<int>> begin, int waitMs)
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(Bounds.StoreStartPauseMs);
        Task paused = _time.WhenArmedAsync(pause);
        Task<int> start = StoreStart.WaitAsync(begin, waitMs, _time, NullLogger.Instance, default);
        while (await Task.WhenAny(start, paused) == paused)
        {
            paused = _time.WhenArmedAsync(pause);
            _time.AdvanceMs(Bounds.StoreStartPauseMs);
        }
        return await start;
    }
}
