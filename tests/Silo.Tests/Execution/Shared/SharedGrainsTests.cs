using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>Several silos that work on the grains of one store, without leases.</summary>
public sealed class SharedGrainsTests : IAsyncLifetime
{
    private const int Amount = 300;

    private static readonly PlanModel Plan = new(
        "p",
        [
            LimitModel.Quota("month", Amount, new CalendarRule(CalendarUnit.Month)),
            LimitModel.SlidingWindow("ip", 20, 3_600_000_000_000, per: ["ip"]),
            LimitModel.Concurrency("slots", 3),
        ],
        billing: BillingModel.Utc);

    private static readonly PlanModel Plain = new("q", [LimitModel.Quota("month", Amount, new CalendarRule(CalendarUnit.Month))], billing: BillingModel.Utc);

    private readonly TempFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly List<SqliteGrainStore> _stores = [];
    private readonly List<SharedGrains> _silos = [];

    public Task InitializeAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            var store = new SqliteGrainStore(Path.Combine(_folder.Path, "shared.db"));
            _stores.Add(store);
            _silos.Add(Open(store, new SharedRuntime(), 30_000));
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
    public async Task A_key_that_all_silos_check_at_once_admits_its_amount_exactly_and_bills_it()
    {
        int admitted = 0;
        int refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 12), async (worker, _) =>
        {
            for (int i = 0; i < 50; i++)
            {
                Decision decision = await CheckAsync(_silos[worker % 3], "k", ip: $"{worker}-{i / 20}");
                Assert.Equal(DecisionStatus.Decided, decision.Status);
                Interlocked.Add(ref decision.Allowed ? ref admitted : ref refused, 1);
            }
        });
        Assert.Equal((Amount, 600 - Amount), (admitted, refused));
        UsageMonth usage = await UsageAsync(_silos[0], "k");
        Assert.Equal(Amount, usage.Units.Single(u => u.Unit == "requests").Used);
    }

    [Fact]
    public async Task A_request_id_counts_once_whichever_silo_the_retry_meets()
    {
        Assert.False((await CheckAsync(_silos[0], "k", requestId: "r")).IsRepeat);
        Assert.True((await CheckAsync(_silos[1], "k", requestId: "r")).IsRepeat);
        Assert.True((await CheckAsync(_silos[0], "k", requestId: "r")).IsRepeat);
        Decision[] racing = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => CheckAsync(_silos[i % 3], "k", requestId: "s").AsTask()));
        Assert.Equal(1, racing.Count(d => d is { Allowed: true, IsRepeat: false }));
        Assert.Equal(2, (await UsageAsync(_silos[2], "k")).Units.Single(u => u.Unit == "requests").Used);
    }

    [Fact]
    public async Task A_check_that_waits_behind_a_store_that_does_not_answer_is_not_tried_any_more()
    {
        var time = new ManualTime();
        using var reached = new SemaphoreSlim(0);
        using var answers = new ManualResetEventSlim();
        SharedGrains silo = Stuck(time, reached, answers);
        Task<Decision> first = CheckAsync(silo, "big").AsTask();
        Assert.True(await reached.WaitAsync(TimeSpan.FromSeconds(30)), "the store was not asked");
        Task<Decision> late = CheckAsync(silo, "big").AsTask();
        time.AdvanceMs(1_000);
        Task<Decision> inTime = CheckAsync(silo, "big").AsTask();
        time.AdvanceMs(1_000);
        answers.Set();
        Assert.Equal(DecisionStatus.Decided, (await first).Status);
        Assert.Equal(DecisionStatus.Overloaded, (await late).Status);
        Assert.Equal(DecisionStatus.Decided, (await inTime).Status);
        Assert.Equal(2, (await UsageAsync(silo, "big")).Units.Single(u => u.Unit == "requests").Used);
    }

    [Fact]
    public async Task A_caller_does_not_wait_longer_than_for_one_call_to_the_store_and_a_late_decision_counts()
    {
        var time = new ManualTime();
        using var reached = new SemaphoreSlim(0);
        using var answers = new ManualResetEventSlim();
        SharedGrains silo = Stuck(time, reached, answers);
        Task<Decision> check = CheckAsync(silo, "big").AsTask();
        Assert.True(await reached.WaitAsync(TimeSpan.FromSeconds(30)), "the store was not asked");
        time.AdvanceMs(2_000);
        Assert.False(check.IsCompleted);
        time.AdvanceMs(Quota.Contracts.Bounds.SharedMarginMs);
        Decision decision = await check.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(DecisionStatus.Unavailable, decision.Status);
        Assert.Contains("no decision of the shared store within 2250 ms", decision.ErrorMessage, StringComparison.Ordinal);
        answers.Set();
        Assert.Equal(1, (await UsageAsync(silo, "big")).Units.Single(u => u.Unit == "requests").Used);
    }

    [Fact]
    public async Task A_reservation_made_through_one_silo_is_settled_through_another_once()
    {
        var made = new List<Decision>();
        for (int i = 0; i < 4; i++)
        {
            made.Add(await CheckAsync(_silos[i % 3], "k", hold: true));
        }
        Assert.Equal([true, true, true, false], made.Select(d => d.Allowed));
        Outcome<Settlement>[] settled = await Task.WhenAll(_silos.Select(s => s.Operations.SettleAsync(
            new SettleInput("n", "k", Text(made[0].Reservation))).AsTask()));
        Assert.All(settled, s => Assert.True(s.IsDone, s.ErrorMessage));
        Assert.Equal(1, settled.Count(s => !s.Value!.IsRepeat));
        Assert.Equal(1, (await UsageAsync(_silos[1], "k")).Units.Single(u => u.Unit == "requests").Used);
        Assert.True((await CheckAsync(_silos[2], "k", hold: true)).Allowed);
    }

    [Fact]
    public async Task A_refund_through_another_silo_makes_room_at_once()
    {
        Assert.True((await CheckAsync(_silos[0], "big", cost: Amount)).Allowed);
        Assert.False((await CheckAsync(_silos[0], "big")).Allowed);
        Outcome<Refunded> refund = await _silos[1].Operations.RefundAsync(new RefundInput("n", "big") { Costs = new Dictionary<string, long> { ["requests"] = 10 } });
        Assert.True(refund.IsDone, refund.ErrorMessage);
        Assert.True((await CheckAsync(_silos[0], "big", cost: 10)).Allowed);
        Assert.False((await CheckAsync(_silos[2], "big")).Allowed);
    }

    [Fact]
    public async Task Days_and_months_pass_and_every_unit_is_billed_in_its_month()
    {
        for (int day = 0; day < 45; day++)
        {
            Assert.True((await CheckAsync(_silos[day % 3], "k", cost: 2, ip: $"{day}")).Allowed);
            _clock.AdvanceMs(24 * 3600 * 1000);
        }
        // From the 10th of March: 22 days of March and 23 of April.
        Assert.True(MonthLabel.TryParse("2026-03", out MonthLabel march));
        Assert.True(MonthLabel.TryParse("2026-04", out MonthLabel april));
        Assert.Equal((44, 46), ((await UsageAsync(_silos[0], "k", march)).Units.Single(u => u.Unit == "requests").Used, (await UsageAsync(_silos[1], "k", april)).Units.Single(u => u.Unit == "requests").Used));
        UsagePage page = await _silos[2].Usage.ScanAsync("n"u8.ToArray(), march, null, 10, default);
        Assert.Equal(44, page.Keys.Single().Total(BillingModel.Utc)!.Units.Single(u => u.Unit == "requests").Used);
    }

    /// <summary>A silo that waits two seconds for its store, which says that it was asked and answers when it is told to.</summary>
    private SharedGrains Stuck(ManualTime time, SemaphoreSlim reached, ManualResetEventSlim answers)
    {
        var store = new FaultyStore(_stores[0])
        {
            AfterLoad = () =>
            {
                reached.Release();
                answers.Wait(TimeSpan.FromSeconds(30));
            },
        };
        return Open(store, new SharedRuntime { Time = time }, 2_000);
    }

    private SharedGrains Open(IGrainStore store, SharedRuntime runtime, int timeoutMs) => new(
        store,
        new CatalogState(Catalogs.Of("n", [Plan, Plain], new Dictionary<string, string> { ["big"] = "q" })),
        _clock,
        new EventSchedule(),
        new EventLog(NullLogger.Instance, TimeProvider.System),
        runtime,
        timeoutMs);

    private static string Text(ReservationHandle handle) => handle.Id.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    private static ValueTask<Decision> CheckAsync(SharedGrains silo, string key, long cost = 1, string? ip = null, string requestId = "", bool hold = false)
    {
        byte[] text = Encoding.UTF8.GetBytes("ip" + (ip ?? Guid.NewGuid().ToString()));
        var request = new CheckRequest
        {
            Namespace = "n"u8,
            Key = Encoding.UTF8.GetBytes(key),
            Cost = cost,
            RequestId = Encoding.UTF8.GetBytes(requestId),
            Attributes = requestId.Length > 0 ? new AttributeSet(default, default) : new AttributeSet(text, [new AttributeRange(0, 2, 2, text.Length - 2)]),
        };
        var decision = new Decision();
        if (hold)
        {
            silo.Limiter.Reserve(request, default, silo.Limiter.Now(), decision);
        }
        else
        {
            silo.Limiter.Begin(request, silo.Limiter.Now(), decision);
        }
        return CompleteAsync(silo, decision);
    }

    private static async ValueTask<Decision> CompleteAsync(SharedGrains silo, Decision decision)
    {
        await silo.Limiter.CompleteAsync(decision);
        return decision;
    }

    private static async Task<UsageMonth> UsageAsync(SharedGrains silo, string key, MonthLabel? month = null) =>
        (await silo.Usage.ReadAsync("n"u8.ToArray(), Encoding.UTF8.GetBytes(key), month ?? BillingModel.Utc.MonthAt(ManualClock.DefaultStartMs), default)).Total(BillingModel.Utc)!;
}
