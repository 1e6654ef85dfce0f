using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>The bounds of request ids and open reservations of a key, on several silos that share a store.</summary>
public sealed class SharedBoundsTests
{
    private const int IdsMax = 20;
    private const int ReservationsMax = 5;
    private const long WindowMs = 64_000;

    /// <summary>A part of the window: how much later than they end ids may still count.</summary>
    private const long PartMs = WindowMs / Bounds.TallyPartsPerWindow;

    private static readonly PlanModel Billed = new("p", [LimitModel.Quota("month", 1_000_000, new CalendarRule(CalendarUnit.Month))], billing: BillingModel.Utc);

    /// <summary>Nothing of it counts in the key's own block.</summary>
    private static readonly PlanModel PerAddress = new("p", [LimitModel.FixedWindow("ip", 1_000_000, 1_000_000_000, per: ["ip"])]);

    private readonly MemoryGrainStore _store = new();
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task A_key_has_as_many_request_ids_as_it_may_whichever_silos_they_came_through()
    {
        SharedGrains[] silos = Silos(Billed);
        Decision[] racing = await Task.WhenAll(Enumerable.Range(0, 3 * IdsMax).Select(i => CheckAsync(silos[i % 3], $"id{i}").AsTask()));
        Assert.Equal(IdsMax, racing.Count(d => d.Allowed));
        Assert.Equal(2 * IdsMax, racing.Count(d => d.Status == DecisionStatus.Overloaded));
        int first = Array.FindIndex(racing, d => d.Allowed);
        Assert.True((await CheckAsync(silos[(first + 1) % 3], $"id{first}")).IsRepeat);
        Assert.Equal(DecisionStatus.Decided, (await CheckAsync(silos[0], "")).Status);
        Assert.True((await CheckAsync(silos[0], "another", key: "another key")).Allowed);
    }

    [Fact]
    public async Task A_key_has_as_many_open_reservations_as_it_may_and_each_that_ends_makes_room_for_one()
    {
        SharedGrains[] silos = Silos(Billed);
        Decision[] racing = await Task.WhenAll(Enumerable.Range(0, 15).Select(i => CheckAsync(silos[i % 3], "", hold: new ReservationTerms(60_000, true)).AsTask()));
        Decision[] made = [.. racing.Where(d => d.Allowed)];
        Assert.Equal((ReservationsMax, 10), (made.Length, racing.Count(d => d.Status == DecisionStatus.Overloaded)));
        for (int i = 0; i < 2; i++)
        {
            Assert.True((await silos[i].Operations.SettleAsync(new SettleInput("n", "k", Text(made[i])))).IsDone);
            // A repeated settlement ends nothing a second time.
            Assert.True((await silos[2].Operations.SettleAsync(new SettleInput("n", "k", Text(made[i])))).Value!.IsRepeat);
        }
        Assert.True((await silos[1].Operations.CancelAsync(new ReservationInput("n", "k", Text(made[2])))).IsDone);
        for (int i = 0; i < 3; i++)
        {
            Assert.True((await CheckAsync(silos[i], "", hold: new ReservationTerms(60_000, true))).Allowed);
        }
        Assert.Equal(DecisionStatus.Overloaded, (await CheckAsync(silos[0], "", hold: new ReservationTerms(60_000, true))).Status);
        _clock.AdvanceMs(60_001);
        foreach (SharedGrains silo in silos)
        {
            await Sweep(silo).ExpireAsync();
        }
        Assert.Equal(0, await OpenAsync());
        for (int i = 0; i <= ReservationsMax; i++)
        {
            Assert.Equal(i < ReservationsMax, (await CheckAsync(silos[i % 3], "", hold: new ReservationTerms(60_000, true))).Allowed);
        }
    }

    [Fact]
    public async Task Whoever_is_over_a_bound_gets_the_answer_of_a_silo_by_itself()
    {
        SharedGrains shared = Silos(Billed)[0];
        (Limiter limiter, LocalOperations operations) = Alone();
        for (int i = 0; i < IdsMax; i++)
        {
            Assert.Equal(Answer(await CheckAsync(limiter, $"id{i}")), Answer(await CheckAsync(shared, $"id{i}")));
        }
        string refused = Answer(await CheckAsync(limiter, "over"));
        Assert.Equal($"Overloaded  request_id: the key has {IdsMax} request ids in its window", refused);
        Assert.Equal(refused, Answer(await CheckAsync(shared, "over")));
        var refund = new RefundInput("n", "k") { Costs = new Dictionary<string, long> { ["requests"] = 1 }, RequestId = "over" };
        Outcome<Refunded> alone = await operations.RefundAsync(refund);
        Assert.Equal((DecisionStatus.Overloaded, "request_id"), (alone.Status, alone.ErrorField));
        Assert.Equal(alone, await shared.Operations.RefundAsync(refund));
        for (int i = 0; i <= ReservationsMax; i++)
        {
            refused = Answer(await CheckAsync(limiter, "", hold: new ReservationTerms(60_000, true)));
            Assert.Equal(refused, Answer(await CheckAsync(shared, "", hold: new ReservationTerms(60_000, true))));
        }
        Assert.Equal($"Overloaded  the key has {ReservationsMax} open reservations", refused);
    }

    [Fact]
    public async Task Ids_make_room_when_their_window_is_over_whoever_deletes_their_records()
    {
        SharedGrains[] silos = Silos(Billed);
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < IdsMax; i++)
            {
                Assert.True((await CheckAsync(silos[i % 3], $"{round}-{i}")).Allowed, $"id {i} of round {round}");
            }
            _clock.AdvanceMs(WindowMs - 1);
            Assert.Equal(DecisionStatus.Overloaded, (await CheckAsync(silos[0], "over")).Status);
            Assert.True((await CheckAsync(silos[1], $"{round}-0")).IsRepeat);
            _clock.AdvanceMs(1 + PartMs);
            if (round % 2 == 0)
            {
                await ForgetAsync();
                Assert.Equal(0, await CountAsync(GrainId.RequestRecord, _ => true));
            }
        }
    }

    [Fact]
    public async Task The_count_costs_no_block_and_no_read_of_its_own()
    {
        SharedGrains silo = Silos(Billed)[0];
        await CheckAsync(silo, "first");
        long reads = silo.Runner.Reads;
        var sizes = new List<int>();
        _store.BeforeCommit = saves => sizes.Add(saves.Count);
        await CheckAsync(silo, "second");
        await CheckAsync(silo, "", hold: new ReservationTerms(60_000, true));
        Assert.Equal([2, 2], sizes);
        // The one record that has to be looked for: whether the request id is known.
        Assert.Equal(1, silo.Runner.Reads - reads);
    }

    [Fact]
    public async Task A_key_without_counters_of_its_own_is_counted_and_forgotten_once_nothing_counts()
    {
        SharedGrains[] silos = Silos(PerAddress);
        for (int i = 0; i < IdsMax; i++)
        {
            Assert.True((await CheckAsync(silos[i % 3], $"id{i}")).Allowed);
        }
        Assert.Equal(DecisionStatus.Overloaded, (await CheckAsync(silos[0], "over")).Status);
        Decision held = await CheckAsync(silos[1], "", hold: new ReservationTerms(86_400_000, true));
        Assert.True(held.Allowed);
        _clock.AdvanceMs(WindowMs + PartMs);
        await ForgetAsync();
        Assert.Equal(1, await CountAsync(GrainId.KeyBlock, _ => true));
        Assert.True((await silos[2].Operations.CancelAsync(new ReservationInput("n", "k", Text(held)))).IsDone);
        _clock.AdvanceMs(WindowMs + 1);
        await ForgetAsync();
        Assert.Equal(0, _store.Count);
        for (int i = 0; i <= IdsMax; i++)
        {
            Assert.Equal(i < IdsMax, (await CheckAsync(silos[i % 3], $"id{i}")).Allowed);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task In_any_history_with_lost_commits_and_lost_answers_the_counts_are_those_of_the_store(int seed)
    {
        var random = new Random(seed);
        SharedGrains[] silos = Silos(seed % 2 == 0 ? Billed : PerAddress);
        var kept = new List<long>();
        var held = new List<string>();
        _store.BeforeCommit = _ => Fail(random.Next(20) == 0);
        _store.AfterCommit = saves =>
        {
            lock (kept)
            {
                kept.AddRange(saves.Where(s => s.Id.Span[0] == GrainId.RequestRecord).Select(s => RecordHead.ForgetAtNs(s.Grain.State.Span)));
            }
            Fail(random.Next(20) == 0);
        };
        int refused = 0;
        for (int i = 0; i < 600; i++)
        {
            SharedGrains silo = silos[random.Next(3)];
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    refused += (await CheckAsync(silo, $"id{random.Next(200)}")).Status == DecisionStatus.Overloaded ? 1 : 0;
                    break;
                case 3:
                    Decision made = await CheckAsync(silo, random.Next(2) == 0 ? "" : $"id{random.Next(200)}", hold: new ReservationTerms(random.Next(1_000, 100_000), random.Next(2) == 0));
                    held.AddRange(made.Allowed && made.Reservation.Id != 0 ? [Text(made)] : []);
                    refused += made.Status == DecisionStatus.Overloaded ? 1 : 0;
                    break;
                case 4 when held.Count > 0:
                    await silo.Operations.SettleAsync(new SettleInput("n", "k", held[random.Next(held.Count)]));
                    break;
                case 5 when held.Count > 0:
                    await silo.Operations.CancelAsync(new ReservationInput("n", "k", held[random.Next(held.Count)]));
                    break;
                case 6:
                    await Sweep(silo).ExpireAsync();
                    await ForgetAsync();
                    break;
                default:
                    _clock.AdvanceMs(random.Next(8_000));
                    break;
            }
            await AssertCountsAsync(silos[0], kept);
        }
        Assert.True(refused > 0, "no bound was ever reached");
    }

    private static void Fail(bool isLost)
    {
        if (isLost)
        {
            throw new StoreException("lost by the test");
        }
    }

    /// <summary>Reservations are counted exactly; of request ids none is left out, and none counts longer than a part of the window.</summary>
    private async Task AssertCountsAsync(SharedGrains silo, List<long> kept)
    {
        long nowNs = _clock.Now().WindowNs;
        byte[] keyId = GrainId.OfKey("n"u8, "k"u8);
        await silo.Runner.LoadLayoutsAsync();
        StoredGrain? block = await _store.LoadAsync(keyId, default);
        KeyTally tally = block is { } found ? KeyTally.Decode(KeyTally.Of(silo.Layouts, keyId, found).Span) : new KeyTally();
        Assert.Equal(await OpenAsync(), (int)tally.Reservations);
        int remembered = await CountAsync(GrainId.RequestRecord, state => RecordHead.ForgetAtNs(state.Span) > nowNs);
        Assert.InRange(tally.Requests(nowNs), remembered, kept.Count(forgetAtNs => forgetAtNs + ((PartMs + 1) * 1_000_000) > nowNs));
        Assert.InRange(remembered, 0, IdsMax);
        Assert.InRange((int)tally.Reservations, 0, ReservationsMax);
    }

    private Task<int> OpenAsync() => CountAsync(GrainId.ReservationRecord, state => ReservationState.IsOpen(state.Span));

    private async Task<int> CountAsync(byte kind, Func<ReadOnlyMemory<byte>, bool> counts)
    {
        int count = 0;
        await foreach ((byte[] _, StoredGrain grain) in _store.WalkAsync([kind], default))
        {
            count += counts(grain.State) ? 1 : 0;
        }
        return count;
    }

    private async Task ForgetAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            await _store.ForgetAsync(_clock.Now().WindowNs, 10_000, default);
        }
    }

    private SharedSweep Sweep(SharedGrains silo) => new(silo, _store, new CatalogState(Catalog(Billed)), new EventSchedule(), _clock, NullLogger.Instance);

    private SharedGrains[] Silos(PlanModel plan) =>
        [.. Enumerable.Range(0, 3).Select(_ => new SharedGrains(_store, new CatalogState(Catalog(plan)), _clock, new EventSchedule(), new EventLog(NullLogger.Instance, TimeProvider.System), new SharedRuntime(), 30_000))];

    private (Limiter Limiter, LocalOperations Operations) Alone()
    {
        var table = new KeyTable(new LayoutRegistry(), 1_000);
        var catalog = new CatalogState(Catalog(Billed));
        var executor = new LocalExecutor(table, new MemoryJournal(), null);
        var limiter = new Limiter(catalog, executor, _clock);
        return (limiter, new LocalOperations(catalog, _clock, limiter, executor, table));
    }

    private static CatalogModel Catalog(PlanModel plan) => new(
    [
        new NamespaceModel("n")
        {
            Plans = new Utf8Map<PlanModel>([KeyValuePair.Create("p", plan)]),
            Keys = new Utf8Map<KeyState>([]),
            DefaultPlan = plan,
            UnknownKeys = UnknownKeyPolicy.DefaultPlan,
            RequestIdsPerKeyMax = IdsMax,
            ReservationsPerKeyMax = ReservationsMax,
            RequestIdWindowNs = WindowMs * 1_000_000,
        },
    ]);

    private static string Answer(Decision decision) => $"{decision.Status} {decision.ErrorField} {decision.ErrorMessage}";

    private static string Text(Decision made) => made.Reservation.Id.ToString("x32", CultureInfo.InvariantCulture);

    private static ValueTask<Decision> CheckAsync(SharedGrains silo, string requestId, string key = "k", ReservationTerms? hold = null) => CheckAsync(silo.Limiter, requestId, key, hold);

    private static ValueTask<Decision> CheckAsync(Limiter limiter, string requestId, string key = "k", ReservationTerms? hold = null)
    {
        var request = new CheckRequest { Namespace = "n"u8, Key = Encoding.UTF8.GetBytes(key), Cost = 1, RequestId = Encoding.UTF8.GetBytes(requestId) };
        var decision = new Decision();
        if (hold is { } terms)
        {
            limiter.Reserve(request, terms, limiter.Now(), decision);
        }
        else
        {
            limiter.Begin(request, limiter.Now(), decision);
        }
        return CompleteAsync(limiter, decision);
    }

    private static async ValueTask<Decision> CompleteAsync(Limiter limiter, Decision decision)
    {
        await limiter.CompleteAsync(decision);
        return decision;
    }
}
