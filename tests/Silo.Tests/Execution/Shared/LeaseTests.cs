using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Hosting;
using Quota.Silo.Limiting;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>Several silos that work on the grains of one store, with leases.</summary>
public sealed class LeaseTests : IAsyncLifetime
{
    private const int Amount = 20_000;

    private static readonly PlanModel Plan = new(
        "p",
        [
            LimitModel.Quota("month", Amount, new CalendarRule(CalendarUnit.Month)),
            LimitModel.SlidingWindow("minute", Amount, 60_000_000_000),
        ],
        billing: BillingModel.Utc);

    private readonly TempFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly List<SqliteGrainStore> _stores = [];
    private readonly List<Silo> _silos = [];
    private NamespaceModel _space = null!;

    public Task InitializeAsync()
    {
        CatalogModel catalog = Catalogs.Of("n", [Plan]);
        Assert.True(catalog.Namespaces.TryGet("n"u8, out NamespaceModel? space));
        _space = space;
        for (int i = 0; i < 3; i++)
        {
            _silos.Add(Open(i, new CatalogState(catalog), new KeyTable(new LayoutRegistry(), 100_000), new MemoryJournal()));
        }
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (SqliteGrainStore store in _stores)
        {
            await store.DisposeAsync();
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task A_hot_key_on_all_silos_admits_its_amount_exactly_bills_it_and_seldom_asks_the_store()
    {
        int admitted = 0;
        int refused = 0;
        // None begins before all can.
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int waiting = 6;
        await Parallel.ForEachAsync(Enumerable.Range(0, 6), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (worker, _) =>
        {
            if (Interlocked.Decrement(ref waiting) == 0)
            {
                all.SetResult();
            }
            await all.Task;
            for (int i = 0; i < 5_000; i++)
            {
                Decision decision = await CheckAsync(_silos[worker % 3], "k");
                Assert.Equal(DecisionStatus.Decided, decision.Status);
                Interlocked.Add(ref decision.Allowed ? ref admitted : ref refused, 1);
            }
        });
        // What a silo still holds unspent is given back, and then is there for everybody.
        await SettleAllAsync();
        _clock.AdvanceMs(1_000);
        while ((await CheckAsync(_silos[0], "k")).Allowed)
        {
            admitted++;
        }
        refused++;
        await SettleAllAsync();
        _clock.AdvanceMs(6_000);
        foreach (Silo silo in _silos)
        {
            await silo.Sweep.SettleDueAsync();
        }
        Assert.Equal(Amount, admitted);
        Assert.Equal(Amount, Used(await UsageAsync(_silos[1], "k")));
        Assert.Equal(refused, (await UsageAsync(_silos[1], "k")).Units.Single(u => u.Unit == "requests").Denied);
        long commits = _silos.Sum(s => s.Grains.Runner.Commits);
        Assert.True(commits < Amount / 20, $"{commits} commits for {admitted} checks");
    }

    [Fact]
    public async Task A_cold_key_gets_no_lease()
    {
        for (int i = 0; i < 20; i++)
        {
            await CheckAsync(_silos[i % 3], "cold");
            _clock.AdvanceMs(1_000);
        }
        Assert.All(_silos, s => Assert.Equal(0, s.Parts.Desk.Held));
        Assert.Equal(20, Used(await UsageAsync(_silos[0], "cold")));
    }

    [Fact]
    public async Task An_ended_lease_is_settled_and_what_was_not_spent_comes_back()
    {
        await HeatAsync(_silos[0]);
        Assert.Equal(1, _silos[0].Parts.Desk.Held);
        long before = (await CheckAsync(_silos[1], "k")).Results[0].Remaining;
        _clock.AdvanceMs(_space.Leases.DurationMs + 1);
        await _silos[0].Sweep.SettleDueAsync();
        Assert.Equal(0, _silos[0].Parts.Desk.Held);
        long after = (await CheckAsync(_silos[1], "k")).Results[0].Remaining;
        Assert.True(after > before, $"{after} after, {before} before");
        Assert.Equal(Amount - after, Used(await UsageAsync(_silos[2], "k")));
    }

    [Fact]
    public async Task What_a_silo_spent_before_it_was_killed_is_settled_when_it_comes_back()
    {
        int admitted = await HeatAsync(_silos[0]);
        Silo back = Restart(0);
        KeyUsageState before = await ReadAsync(_silos[1], "k");
        Assert.InRange(admitted - Used(before.Total(BillingModel.Utc)!), 1, before.Unsettled["requests"]);
        await back.Sweep.FindAsync(isStart: true, default);
        Assert.True(await back.Grains.Settler!.SettleAllAsync());
        KeyUsageState after = await ReadAsync(_silos[1], "k");
        Assert.Equal((admitted, 0), (Used(after.Total(BillingModel.Utc)!), after.Unsettled.Count));
        Assert.Equal(Amount - admitted - 1, (await CheckAsync(_silos[2], "k")).Results[0].Remaining);
    }

    [Fact]
    public async Task A_lease_that_was_settled_before_the_silo_was_killed_is_not_spent_again()
    {
        await HeatAsync(_silos[0]);
        Assert.True(await _silos[0].Grains.Settler!.SettleAllAsync());
        Silo back = Restart(0);
        // Its journal holds the lease, with an end that is not over; the store has settled it.
        for (int i = 0; i < 100; i++)
        {
            Assert.True((await CheckAsync(back, "k")).Allowed);
        }
        Assert.True(await back.Grains.Settler!.SettleAllAsync());
        Assert.Equal(300, Used(await UsageAsync(_silos[1], "k")));
        Assert.Equal(Amount - 301, (await CheckAsync(_silos[2], "k")).Results[0].Remaining);
    }

    [Fact]
    public async Task A_lease_that_left_memory_before_it_ended_is_settled_by_what_was_spent()
    {
        var own = new SqliteGrainStore(Path.Combine(_folder.Path, "own.db"));
        _stores.Add(own);
        var journal = new MemoryJournal();
        var table = new KeyTable(new LayoutRegistry(), 1, shardCount: 1);
        Silo silo = Open(0, _silos[0].Catalog, table, journal, own);
        int admitted = await HeatAsync(silo);
        Assert.True(await new Checkpointer(table, journal, own, _clock, new SiloSettings(), NullLogger.Instance).TryRoundAsync(default));
        _clock.AdvanceMs(1_001);
        lock (table.Shards[0].Gate)
        {
            Assert.Equal(1, table.Shards[0].Evict(64, KeyTable.Seconds(_clock.Now())));
        }
        Assert.True((await CheckAsync(silo, "k")).Allowed);
        Assert.True(await silo.Grains.Settler!.SettleAllAsync());
        Assert.Equal(admitted + 1, Used(await UsageAsync(_silos[1], "k")));
    }

    [Fact]
    public async Task A_lease_that_only_the_silos_own_store_knows_after_a_restart_is_settled_by_what_was_spent()
    {
        var own = new SqliteGrainStore(Path.Combine(_folder.Path, "own.db"));
        _stores.Add(own);
        var journal = new MemoryJournal();
        var table = new KeyTable(new LayoutRegistry(), 100, shardCount: 1);
        Silo silo = Open(0, _silos[0].Catalog, table, journal, own);
        int admitted = await HeatAsync(silo);
        Assert.True(await new Checkpointer(table, journal, own, _clock, new SiloSettings(), NullLogger.Instance).TryRoundAsync(default));

        // The store could not be read at the start, so that nothing is known of the lease when the key is hot again.
        var restarted = new KeyTable(new LayoutRegistry(), 100, shardCount: 1);
        await Recovery.RestoreLayoutsAsync(restarted, own, default);
        Silo back = Open(0, _silos[0].Catalog, restarted, new MemoryJournal(), own);
        admitted += await HeatAsync(back);
        Assert.True(await back.Grains.Settler!.SettleAllAsync());
        Assert.Equal(admitted, Used(await UsageAsync(_silos[1], "k")));
    }

    [Fact]
    public async Task A_silo_that_did_not_find_its_leases_at_the_start_finds_them_once_they_have_ended()
    {
        int admitted = await HeatAsync(_silos[0]);
        Silo back = Restart(0);
        _clock.AdvanceMs(_space.Leases.DurationMs + 1);
        await back.Sweep.FindAsync(isStart: false, default);
        await back.Sweep.SettleDueAsync();
        Assert.Equal(admitted, Used(await UsageAsync(_silos[1], "k")));
    }

    [Fact]
    public async Task A_spent_key_is_refused_without_asking_the_store()
    {
        await CheckAsync(_silos[0], "k", Amount);
        Assert.False((await CheckAsync(_silos[1], "k")).Allowed);
        long pending = _silos[1].Grains.Runner.Reads;
        for (int i = 0; i < 1_000; i++)
        {
            Decision decision = await CheckAsync(_silos[1], "k");
            Assert.False(decision.Allowed);
            Assert.Equal(0, decision.Results[0].Remaining);
        }
        Assert.Equal(pending, _silos[1].Grains.Runner.Reads);
    }

    [Fact]
    public async Task Every_day_and_month_gets_what_was_used_in_it()
    {
        int admitted = 0;
        for (int day = 0; day < 30; day++)
        {
            admitted += await HeatAsync(_silos[day % 3]);
            _clock.AdvanceMs(24 * 3600 * 1000);
            foreach (Silo silo in _silos)
            {
                await silo.Sweep.SettleDueAsync();
            }
        }
        Assert.True(MonthLabel.TryParse("2026-03", out MonthLabel march));
        Assert.True(MonthLabel.TryParse("2026-04", out MonthLabel april));
        UsageMonth first = await UsageAsync(_silos[0], "k", march);
        UsageMonth second = await UsageAsync(_silos[1], "k", april);
        Assert.Equal(admitted, Used(first) + Used(second));
        Assert.Equal(admitted / 30 * 22, Used(first));
        Assert.Equal(22, first.Days.Count);
    }

    /// <summary>Killed: its memory is gone, its journal is not.</summary>
    private Silo Restart(int number)
    {
        var journal = (MemoryJournal)_silos[number].Parts.Journal;
        var table = new KeyTable(new LayoutRegistry(), 1_000);
        var recovery = new Recovery(table);
        foreach (byte[] record in journal.Records)
        {
            Assert.True(recovery.Apply(record));
        }
        return Open(number, _silos[number].Catalog, table, journal);
    }

    private async Task<int> HeatAsync(Silo silo)
    {
        int admitted = 0;
        for (int i = 0; i < 200; i++)
        {
            admitted += (await CheckAsync(silo, "k")).Allowed ? 1 : 0;
        }
        return admitted;
    }

    private async Task SettleAllAsync()
    {
        foreach (Silo silo in _silos)
        {
            Assert.True(await silo.Grains.Settler!.SettleAllAsync());
        }
    }

    private Silo Open(int number, CatalogState catalog, KeyTable table, MemoryJournal journal, SqliteGrainStore? own = null)
    {
        var store = new SqliteGrainStore(Path.Combine(_folder.Path, "shared.db"));
        _stores.Add(store);
        var runtime = new SharedRuntime();
        var parts = new LeaseParts(table, journal, own, (number + 1, $"silo-{number}"), () => 3);
        var grains = new SharedGrains(store, catalog, _clock, new EventSchedule(), new EventLog(NullLogger.Instance, TimeProvider.System), runtime, 30_000, parts);
        var sweep = new LeaseSweep(parts.Desk, grains.Settler!, catalog, store, _clock, runtime, NullLogger.Instance);
        return new Silo(grains, parts, sweep, catalog);
    }

    private static async ValueTask<Decision> CheckAsync(Silo silo, string key, long cost = 1)
    {
        var request = new CheckRequest { Namespace = "n"u8, Key = Encoding.UTF8.GetBytes(key), Cost = cost };
        var decision = new Decision();
        silo.Grains.Limiter.Begin(request, silo.Grains.Limiter.Now(), decision);
        await silo.Grains.Limiter.CompleteAsync(decision);
        return decision;
    }

    private static long Used(UsageMonth month) => month.Units.Where(u => u.Unit == "requests").Sum(u => u.Used);

    private static async Task<UsageMonth> UsageAsync(Silo silo, string key, MonthLabel? month = null) =>
        (await ReadAsync(silo, key, month)).Total(BillingModel.Utc)!;

    private static async Task<KeyUsageState> ReadAsync(Silo silo, string key, MonthLabel? month = null) =>
        await silo.Grains.Usage.ReadAsync("n"u8.ToArray(), Encoding.UTF8.GetBytes(key), month ?? BillingModel.Utc.MonthAt(ManualClock.DefaultStartMs), default);

    private sealed record Silo(SharedGrains Grains, LeaseParts Parts, LeaseSweep Sweep, CatalogState Catalog);
}
