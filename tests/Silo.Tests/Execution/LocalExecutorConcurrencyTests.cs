using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Hosting;
using Quota.Silo.Limiting;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Execution;

/// <summary>Many threads on few keys while a tiny table evicts and checkpoints all the time: nothing is lost, no limit exceeded.</summary>
public sealed class LocalExecutorConcurrencyTests
{
    private const int Amount = 30_000;

    [Fact]
    public async Task No_decision_is_lost_and_no_limit_exceeded()
    {
        using var folder = new TempFolder();
        await using var store = new SqliteGrainStore(folder.File("grains.db"));
        var clock = new ManualClock();
        var journal = new MemoryJournal();
        var plan = new PlanModel("p", [LimitModel.Quota("year", Amount, new CalendarRule(CalendarUnit.Year)), LimitModel.Quota("route", Amount / 2, new CalendarRule(CalendarUnit.Year), per: ["route"])]);
        var catalog = new CatalogState(Catalogs.Of("n", [plan]));
        // One resident block per shard: nearly every touch of another key evicts one.
        var table = new KeyTable(new LayoutRegistry(), 1);
        var limiter = new Limiter(catalog, new LocalExecutor(table, journal, store), clock);
        var checkpointer = new Checkpointer(table, journal, store, clock, new SiloSettings(), NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        Task background = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.True(await checkpointer.TryRoundAsync(CancellationToken.None));
                foreach (Shard shard in table.Shards)
                {
                    lock (shard.Gate)
                    {
                        shard.Evict(10, uint.MaxValue);
                    }
                }
            }
        });
        int[,] accepted = new int[5, 3];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Factory.StartNew(() =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 60_000; i++)
            {
                int key = random.Next(5), route = random.Next(3);
                Decision decision = limiter.Check("n", "k" + key, 1, "", ("route", "r" + route));
                Assert.True(decision.Status == DecisionStatus.Decided, decision.ErrorMessage);
                if (decision.Allowed)
                {
                    Interlocked.Increment(ref accepted[key, route]);
                }
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        await stop.CancelAsync();
        await background;
        Assert.True(checkpointer.Rounds > 3);
        for (int key = 0; key < 5; key++)
        {
            int total = 0;
            for (int route = 0; route < 3; route++)
            {
                total += accepted[key, route];
                Decision peek = limiter.Check("n", "k" + key, 0, "", ("route", "r" + route));
                Assert.Equal((Amount / 2) - accepted[key, route], peek.Results[1].Remaining);
            }
            Assert.Equal(Amount, total);
        }
    }

    [Fact]
    public async Task A_block_that_was_saved_and_evicted_while_it_was_being_loaded_is_loaded_again()
    {
        using var folder = new TempFolder();
        await using var store = new FaultyStore(new SqliteGrainStore(folder.File("grains.db")));
        var journal = new MemoryJournal();
        var clock = new ManualClock();
        var table = new KeyTable(new LayoutRegistry(), 1000);
        var plan = new PlanModel("p", [LimitModel.FixedWindow("w", 5, 60_000_000_000)]);
        var limiter = new Limiter(new CatalogState(Catalogs.Of("n", [plan])), new LocalExecutor(table, journal, store), clock);
        var checkpointer = new Checkpointer(table, journal, store, clock, new SiloSettings(), NullLogger.Instance);
        store.AfterLoad = () =>
        {
            Assert.Equal(4, limiter.Check("n", "k").Results[0].Remaining);
            Assert.True(checkpointer.TryRoundAsync(CancellationToken.None).GetAwaiter().GetResult());
            clock.AdvanceMs(1000);
            Assert.Equal(1, table.Shards.Sum(s => s.Evict(10, uint.MaxValue)));
        };
        Assert.Equal(3, limiter.Check("n", "k").Results[0].Remaining);
    }

    [Fact]
    public async Task Keys_that_come_and_go_leave_the_store_again()
    {
        using var folder = new TempFolder();
        await using var store = new SqliteGrainStore(folder.File("grains.db"));
        var clock = new ManualClock();
        var table = new KeyTable(new LayoutRegistry(), 100_000);
        var journal = new MemoryJournal();
        var plan = new PlanModel("p", [LimitModel.SlidingWindow("w", 5, 1_000_000_000)]);
        var limiter = new Limiter(new CatalogState(Catalogs.Of("n", [plan])), new LocalExecutor(table, journal, store), clock);
        var checkpointer = new Checkpointer(table, journal, store, clock, new SiloSettings(), NullLogger.Instance);
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 3000; i++)
            {
                limiter.Check("n", $"visitor-{round}-{i}");
            }
            Assert.True(await checkpointer.TryRoundAsync(CancellationToken.None));
            clock.AdvanceMs(60_000);
        }
        int stored = 0;
        byte[] after = [];
        while (await store.ScanAsync(ReadOnlyMemory<byte>.Empty, after, 1000, default) is { Count: > 0 } page)
        {
            stored += page.Count;
            after = page[^1].Id;
        }
        Assert.InRange(stored, 3000, 6000);
    }

    [Theory]
    [InlineData(FailurePolicy.Error, DecisionStatus.Unavailable, false)]
    [InlineData(FailurePolicy.Allow, DecisionStatus.Decided, true)]
    [InlineData(FailurePolicy.Deny, DecisionStatus.Decided, false)]
    public void A_journal_that_takes_nothing_changes_nothing_and_the_policy_decides(FailurePolicy policy, DecisionStatus status, bool allowed)
    {
        var journal = new MemoryJournal();
        var plan = new PlanModel("p", [LimitModel.FixedWindow("w", 5, 60_000_000_000)]);
        var limiter = new Limiter(new CatalogState(Catalogs.Of("n", [plan], onFailure: policy)), new LocalExecutor(new KeyTable(new LayoutRegistry(), 1000), journal, null), new ManualClock());
        Assert.True(limiter.Check("n", "k").Allowed);
        journal.Status = Quota.Silo.Journal.JournalStatus.Full;
        Decision failed = limiter.Check("n", "k");
        Assert.Equal((status, allowed), (failed.Status, failed.Allowed));
        Assert.Equal(policy == FailurePolicy.Error ? DecisionReason.None : DecisionReason.FailurePolicy, failed.Reason);
        // Peeks and refusals wait for nothing.
        Assert.Equal(4, limiter.Check("n", "k", 0).Results[0].Remaining);
        Assert.Equal(DecisionReason.LimitExceeded, limiter.Check("n", "k", 6).Reason);
        journal.Status = Quota.Silo.Journal.JournalStatus.Running;
        Assert.Equal(3, limiter.Check("n", "k").Results[0].Remaining);
        journal.Durable = false;
        Assert.Equal((status, allowed), (limiter.Check("n", "k").Status, limiter.Check("n", "k").Allowed));
    }

    [Fact]
    public void A_table_full_of_unsaved_keys_sheds_new_ones_and_keeps_deciding_old_ones()
    {
        var plan = new PlanModel("p", [LimitModel.FixedWindow("w", 5, 60_000_000_000)]);
        var table = new KeyTable(new LayoutRegistry(), 1);
        var limiter = new Limiter(new CatalogState(Catalogs.Of("n", [plan])), new LocalExecutor(table, new MemoryJournal(), null), new ManualClock());
        int shed = 0;
        for (int i = 0; i < 50_000; i++)
        {
            shed += limiter.Check("n", "key" + i).Status == DecisionStatus.Overloaded ? 1 : 0;
        }
        Assert.True(shed > 0);
        Assert.Equal(50_000 - shed, table.Count);
        Assert.Equal(3, limiter.Check("n", "key0").Results[0].Remaining);
    }
}
