using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Hosting;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Execution;

/// <summary>What a key keeps when it moves between plans, by configuration or by what its requests name.</summary>
public sealed class PlanChangeTests : IAsyncLifetime
{
    private static readonly PlanModel Free = new("free", [LimitModel.Quota("month", 5, new CalendarRule(CalendarUnit.Month)), LimitModel.FixedWindow("day", 100, 86_400_000_000_000)]);
    private static readonly PlanModel Pro = new("pro", [LimitModel.SlidingWindow("burst", 1000, 1_000_000_000)]);

    private readonly TempFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly MemoryJournal _journal = new();
    private readonly KeyTable _table = new(new LayoutRegistry(), 1000);
    private readonly CatalogState _catalog = new(CatalogModel.Empty);
    private SqliteGrainStore _store = null!;
    private Limiter _limiter = null!;
    private Checkpointer _checkpointer = null!;

    public Task InitializeAsync()
    {
        _store = new SqliteGrainStore(_folder.File("grains.db"));
        _limiter = new Limiter(_catalog, new LocalExecutor(_table, _journal, _store), _clock);
        _checkpointer = new Checkpointer(_table, _journal, _store, _clock, new SiloSettings(), NullLogger.Instance);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public void A_check_under_a_plan_that_the_request_names_takes_nothing_from_the_other_plans(long cost)
    {
        Use(Free, Pro);
        for (int i = 0; i < 5; i++)
        {
            Assert.True(_limiter.Check("n", "k").Allowed);
        }
        _limiter.Check("n", "k", cost, plan: "pro");
        Decision refused = _limiter.Check("n", "k");
        Assert.Equal((false, 0), (refused.Allowed, refused.DecidingResult));
        Assert.Equal(95, refused.Results[1].Remaining);
        Assert.Equal(cost == 1 ? 999 : 1000, _limiter.Check("n", "k", 0, plan: "pro").Results[0].Remaining);
    }

    [Fact]
    public async Task Counters_of_other_plans_survive_checkpoint_eviction_and_replay()
    {
        Use(Free, Pro);
        Assert.True(_limiter.Check("n", "k", 3).Allowed);
        Assert.True(_limiter.Check("n", "k", 7, plan: "pro").Allowed);
        // From the journal.
        var recovered = new KeyTable(new LayoutRegistry(), 1000);
        var recovery = new Recovery(recovered);
        Assert.All(_journal.Records, r => Assert.True(recovery.Apply(r)));
        var after = new Limiter(_catalog, new LocalExecutor(recovered, new MemoryJournal(), null), _clock);
        Assert.Equal(2, after.Check("n", "k", 0).Results[0].Remaining);
        Assert.Equal(993, after.Check("n", "k", 0, plan: "pro").Results[0].Remaining);
        // From the store.
        await CheckpointAndEvictAsync();
        Assert.Equal(2, _limiter.Check("n", "k", 0).Results[0].Remaining);
        Assert.Equal(993, _limiter.Check("n", "k", 0, plan: "pro").Results[0].Remaining);
    }

    [Fact]
    public void Peeks_under_plans_with_the_same_limit_do_not_hold_its_window_back()
    {
        PlanModel fast = new("fast", [LimitModel.SlidingWindow("x", 5, 2_000_000_000)]);
        PlanModel slow = new("slow", [LimitModel.SlidingWindow("x", 5, 60_000_000_000)]);
        Use(Pro, fast, slow);
        Assert.True(_limiter.Check("n", "k", 5, plan: "fast").Allowed);
        for (int i = 0; i < 30; i++)
        {
            _clock.AdvanceMs(100);
            _limiter.Check("n", "k", 0, plan: "slow");
            _limiter.Check("n", "k", 0, plan: "fast");
        }
        Assert.True(_limiter.Check("n", "k", 5, plan: "fast").Allowed);
    }

    [Fact]
    public void A_limit_that_is_deleted_and_comes_back_starts_anew()
    {
        Use(Free);
        _limiter.Check("n", "k", 4);
        Use(new PlanModel("free", [Free.Limits[0]]));
        Assert.Equal(1, _limiter.Check("n", "k", 0).Results[0].Remaining);
        Use(Free);
        Decision peek = _limiter.Check("n", "k", 0);
        Assert.Equal((1, 100), (peek.Results[0].Remaining, peek.Results[1].Remaining));
    }

    [Fact]
    public async Task A_longer_period_keeps_what_was_consumed_across_an_eviction()
    {
        Use(new PlanModel("p", [LimitModel.SlidingWindow("x", 5, 1_000_000_000)]));
        Assert.True(_limiter.Check("n", "k", 5).Allowed);
        await CheckpointAndEvictAsync();
        Use(new PlanModel("p", [LimitModel.SlidingWindow("x", 5, 3_600_000_000_000)]));
        Assert.False(_limiter.Check("n", "k").Allowed);
        _clock.AdvanceMs(5_000);
        await CheckpointAndEvictAsync();
        Assert.False(_limiter.Check("n", "k").Allowed);
    }

    [Fact]
    public void A_limit_that_counts_by_another_attribute_has_other_counters()
    {
        Use(new PlanModel("p", [LimitModel.FixedWindow("x", 5, 3_600_000_000_000, per: ["ip"])]));
        _limiter.Check("n", "k", 3, "", ("ip", "same"), ("user", "same"));
        Use(new PlanModel("p", [LimitModel.FixedWindow("x", 5, 3_600_000_000_000, per: ["user"])]));
        Assert.Equal(5, _limiter.Check("n", "k", 0, "", ("ip", "same"), ("user", "same")).Results[0].Remaining);
    }

    [Fact]
    public async Task A_decision_that_was_not_kept_never_reaches_the_store()
    {
        Use(FailurePolicy.Allow, Free);
        _journal.Durable = false;
        Assert.Equal(DecisionReason.FailurePolicy, _limiter.Check("n", "k").Reason);
        _journal.Status = JournalStatus.Failed;
        Assert.False(await _checkpointer.TryRoundAsync(CancellationToken.None));
        Assert.Empty(await _store.ScanAsync(new byte[] { 1 }, default, 10, default));
    }

    private void Use(params PlanModel[] plans) => Use(FailurePolicy.Error, plans);

    private void Use(FailurePolicy onFailure, params PlanModel[] plans) => _catalog.Swap(Catalogs.Of("n", plans, onFailure: onFailure));

    private async Task CheckpointAndEvictAsync()
    {
        Assert.True(await _checkpointer.TryRoundAsync(CancellationToken.None));
        foreach (Shard shard in _table.Shards)
        {
            lock (shard.Gate)
            {
                shard.Evict(1000, uint.MaxValue);
            }
        }
    }
}
