using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Hosting;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Execution;

/// <summary>
/// Random histories of checks, checkpoints (also failing ones), evictions, plan changes and crashes: after every restart each
/// counter equals the sum of what was accepted.
/// </summary>
public sealed class LocalExecutorCrashTests
{
    private const long Huge = 1_000_000_000;

    private static readonly PlanModel Small = new("small", [
        LimitModel.Quota("year", Huge, new CalendarRule(CalendarUnit.Year)),
        LimitModel.Quota("route", Huge, new CalendarRule(CalendarUnit.Year), per: ["route"])]);

    private static readonly PlanModel Large = new("large", [
        LimitModel.SlidingWindow("burst", 40, 1_000_000_000),
        LimitModel.Quota("route", Huge, new CalendarRule(CalendarUnit.Year), per: ["route"]),
        LimitModel.Quota("year", Huge, new CalendarRule(CalendarUnit.Year))]);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Counters_equal_what_was_accepted_after_any_history(int seed)
    {
        for (int run = 0; run < 12; run++)
        {
            await RunAsync((seed * 1000) + run);
        }
    }

    private static async Task RunAsync(int seed)
    {
        using var folder = new TempFolder();
        var random = new Random(seed);
        var clock = new ManualClock();
        var journal = new MemoryJournal();
        await using var store = new FaultyStore(new SqliteGrainStore(folder.File("grains.db")));
        var catalog = new CatalogState(Catalogs.Of("n", [Small, Large]));
        var accepted = new Dictionary<(string Key, string Route), long>();
        (Limiter limiter, Checkpointer checkpointer, KeyTable table) = await StartAsync(journal, store, clock, catalog);
        for (int step = 0; step < 400; step++)
        {
            clock.AdvanceMs(random.Next(30));
            switch (random.Next(100))
            {
                case < 80:
                    string key = "k" + random.Next(12);
                    string route = "/" + random.Next(3);
                    long cost = random.Next(4);
                    Decision decision = limiter.Check("n", key, cost, "", ("route", route));
                    Assert.True(decision.Status == DecisionStatus.Decided, $"seed {seed}: {decision.ErrorMessage}");
                    if (decision.Allowed)
                    {
                        accepted[(key, route)] = accepted.GetValueOrDefault((key, route)) + cost;
                    }
                    break;
                case < 85:
                    journal.RollOver();
                    break;
                case < 90:
                    store.FailAfter = random.Next(3) == 0 ? 0 : null;
                    await checkpointer.TryRoundAsync(CancellationToken.None);
                    store.FailAfter = null;
                    break;
                case < 94:
                    foreach (Shard shard in table.Shards)
                    {
                        lock (shard.Gate)
                        {
                            shard.Evict(1000, uint.MaxValue);
                        }
                    }
                    break;
                case < 97:
                    catalog.Swap(Catalogs.Of("n", random.Next(2) == 0 ? [Small, Large] : [Large, Small]));
                    break;
                default:
                    (limiter, checkpointer, table) = await StartAsync(journal, store, clock, catalog);
                    break;
            }
        }
        (limiter, _, _) = await StartAsync(journal, store, clock, catalog);
        foreach (IGrouping<string, KeyValuePair<(string Key, string Route), long>> key in accepted.GroupBy(a => a.Key.Key))
        {
            foreach (((_, string route), long expected) in key)
            {
                Assert.True(expected == Used(limiter, key.Key, route, "route"), $"seed {seed}, {key.Key} {route}");
            }
            Assert.True(key.Sum(a => a.Value) == Used(limiter, key.Key, "/0", "year"), $"seed {seed}, {key.Key}");
        }
    }

    private static long Used(Limiter limiter, string key, string route, string limit)
    {
        Decision peek = limiter.Check("n", key, 0, "", ("route", route));
        foreach (Quota.Grains.LimitResult result in peek.Results)
        {
            if (peek.Plan!.Limits[result.LimitIndex].Name == limit)
            {
                return Huge - result.Remaining;
            }
        }
        throw new InvalidOperationException(limit);
    }

    private static async Task<(Limiter Limiter, Checkpointer Checkpointer, KeyTable Table)> StartAsync(MemoryJournal journal, IGrainStore store, ManualClock clock, CatalogState catalog)
    {
        var table = new KeyTable(new LayoutRegistry(), 100_000);
        await Recovery.RestoreLayoutsAsync(table, store, CancellationToken.None);
        var recovery = new Recovery(table);
        foreach (byte[] record in journal.Records)
        {
            Assert.True(recovery.Apply(record));
        }
        var executor = new LocalExecutor(table, journal, store);
        var checkpointer = new Checkpointer(table, journal, store, clock, new SiloSettings(), NullLogger.Instance);
        return (new Limiter(catalog, executor, clock), checkpointer, table);
    }
}
