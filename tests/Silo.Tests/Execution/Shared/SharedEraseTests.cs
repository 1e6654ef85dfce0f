using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>A key is erased from a store while other silos have leases on it and notes of it.</summary>
public sealed class SharedEraseTests
{
    private const int Amount = 20_000;
    private const string Name = "alice.personal";

    private static readonly byte[] Pseudonym = "erased-0123456789abcdef"u8.ToArray();

    private static readonly PlanModel Plan = new(
        "p",
        [
            LimitModel.Quota("month", Amount, new CalendarRule(CalendarUnit.Month)),
            LimitModel.SlidingWindow("ip", 2 * Amount, 60_000_000_000, per: ["ip"]),
        ],
        billing: BillingModel.Utc);

    private readonly ManualClock _clock = new();
    private readonly MemoryGrainStore _store = new();
    private readonly NamespaceModel _space;
    private readonly List<Silo> _silos = [];

    public SharedEraseTests()
    {
        CatalogModel catalog = Catalogs.Of("n", [Plan]);
        Assert.True(catalog.Namespaces.TryGet("n"u8, out NamespaceModel? space));
        _space = space;
        for (int i = 0; i < 3; i++)
        {
            _silos.Add(Open(i, new CatalogState(catalog)));
        }
    }

    [Fact]
    public async Task Leases_on_any_block_of_the_key_are_settled_before_its_usage_moves()
    {
        int admitted = 0;
        foreach (Silo silo in _silos)
        {
            admitted += await HeatAsync(silo, Name);
            // Of another key, which stays as it is.
            await HeatAsync(silo, Name + "x");
        }
        Assert.All(_silos, s => Assert.NotEmpty(s.Desk.AllOf(KeyId(Name))));
        // What the other silos do when they see that the erasure has begun.
        _silos[1].Eraser.Release(_space, Bytes(Name));
        _silos[2].Eraser.Release(_space, Bytes(Name));
        Assert.Null(await _silos[0].Eraser.EraseAsync(_space, Bytes(Name), Pseudonym, default));
        await AssertForgottenAsync();
        Assert.Equal(admitted, Used(await UsageAsync(Encoding.UTF8.GetString(Pseudonym))));
        Assert.Equal(admitted, Used(await UsageAsync(Name + "x")));
        // Nobody is answered from what was there before.
        foreach (Silo silo in _silos)
        {
            Assert.Equal(Amount - 1, (await CheckAsync(silo, "new-" + _silos.IndexOf(silo))).Results[0].Remaining);
            Assert.True((await CheckAsync(silo, Name, cost: 0)).Results[0].Remaining == Amount);
        }
    }

    [Fact]
    public async Task A_lease_that_is_lost_and_kept_goes_with_the_key_and_is_not_billed_later()
    {
        await HeatAsync(_silos[0], Name);
        long settled = Used(await UsageAsync(Name));
        _clock.AdvanceMs(_space.Leases.DurationMs + _space.Leases.LostAfterMs + 1);
        Assert.Null(await _silos[1].Eraser.EraseAsync(_space, Bytes(Name), Pseudonym, default));
        await AssertForgottenAsync();
        // The silo was only slow after all.
        await _silos[0].Sweep.SettleDueAsync();
        await AssertForgottenAsync();
        Assert.Empty(_silos[0].Desk.AllOf(KeyId(Name)));
        Assert.Equal(settled, Used(await UsageAsync(Encoding.UTF8.GetString(Pseudonym))));
    }

    [Fact]
    public async Task Refusals_that_another_silo_has_noted_are_saved_before_the_usage_moves()
    {
        const int Refused = 20;
        Assert.True((await CheckAsync(_silos[0], Name, Amount)).Allowed);
        for (int i = 0; i < Refused; i++)
        {
            Assert.False((await CheckAsync(_silos[1], Name)).Allowed);
        }
        _silos[1].Eraser.Release(_space, Bytes(Name));
        await JsonSilo.UntilAsync(async () => (await UsageAsync(Name)).Units.Single(u => u.Unit == "requests").Denied, denied => denied == Refused, TimeSpan.FromSeconds(20));
        Assert.Null(await _silos[0].Eraser.EraseAsync(_space, Bytes(Name), Pseudonym, default));
        _clock.AdvanceMs(6_000);
        await _silos[1].Sweep.SettleDueAsync();
        await AssertForgottenAsync();
        UsageMonth kept = await UsageAsync(Encoding.UTF8.GetString(Pseudonym));
        Assert.Equal((Amount, Refused), (Used(kept), kept.Units.Single(u => u.Unit == "requests").Denied));
    }

    [Fact]
    public async Task A_stop_at_any_commit_is_completed_by_a_repeat_on_another_silo()
    {
        for (int stop = 1; ; stop++)
        {
            string key = $"{Name}.{stop}";
            byte[] pseudonym = Bytes($"erased-{stop:d16}");
            int admitted = await HeatAsync(_silos[0], key);
            int commits = 0;
            _store.BeforeCommit = _ =>
            {
                if (++commits == stop)
                {
                    throw new StoreException("injected");
                }
            };
            string? reason = await _silos[0].Eraser.EraseAsync(_space, Bytes(key), pseudonym, default);
            _store.BeforeCommit = null;
            if (reason is not null)
            {
                await _silos[0].Grains.Settler!.SettleAllAsync();
                Assert.Null(await _silos[1].Eraser.EraseAsync(_space, Bytes(key), pseudonym, default));
            }
            await AssertForgottenAsync();
            Assert.Equal(admitted, Used(await UsageAsync(Encoding.UTF8.GetString(pseudonym))));
            if (commits < stop)
            {
                Assert.True(stop > 3, "there are more commits than that");
                return;
            }
        }
    }

    private Silo Open(int number, CatalogState catalog)
    {
        var runtime = new SharedRuntime();
        var parts = new LeaseParts(new KeyTable(new LayoutRegistry(), 100_000), new MemoryJournal(), null, (number + 1, $"silo-{number}"), () => 3);
        var grains = new SharedGrains(_store, catalog, _clock, new EventSchedule(), new EventLog(NullLogger.Instance, TimeProvider.System), runtime, 30_000, parts);
        var sweep = new LeaseSweep(parts.Desk, grains.Settler!, catalog, _store, _clock, runtime, NullLogger.Instance);
        return new Silo(grains, parts.Desk, sweep, new SharedKeyEraser(grains, _store, parts.Desk, _clock, runtime, () => []));
    }

    private static async Task<int> HeatAsync(Silo silo, string key)
    {
        int admitted = 0;
        for (int i = 0; i < 200; i++)
        {
            admitted += (await CheckAsync(silo, key)).Allowed ? 1 : 0;
        }
        return admitted;
    }

    private static async ValueTask<Decision> CheckAsync(Silo silo, string key, long cost = 1)
    {
        var request = new CheckRequest { Namespace = "n"u8, Key = Bytes(key), Cost = cost };
        var decision = new Decision();
        silo.Grains.Limiter.Begin(request, silo.Grains.Limiter.Now(), decision);
        await silo.Grains.Limiter.CompleteAsync(decision);
        Assert.Equal(DecisionStatus.Decided, decision.Status);
        return decision;
    }

    /// <summary>No block has the name's bytes, but those of keys whose names begin with it.</summary>
    private async Task AssertForgottenAsync()
    {
        for (byte kind = GrainId.KeyBlock; kind <= GrainId.LeaseRecord; kind++)
        {
            foreach ((byte[] id, StoredGrain grain) in await _store.ScanAsync(new[] { kind }, default, 10_000, default))
            {
                string text = Encoding.Latin1.GetString(id) + Encoding.Latin1.GetString(grain.State.Span);
                Assert.DoesNotContain(Name, text.Replace(Name + "x", "", StringComparison.Ordinal), StringComparison.Ordinal);
            }
        }
    }

    private async Task<UsageMonth> UsageAsync(string key)
    {
        foreach (Silo silo in _silos)
        {
            // Leases on other keys are settled by whoever has them.
            await silo.Grains.Settler!.SettleKeyAsync(KeyId(key == Name ? "" : key));
        }
        KeyUsageState state = await _silos[2].Grains.Usage.ReadAsync("n"u8.ToArray(), Bytes(key), BillingModel.Utc.MonthAt(ManualClock.DefaultStartMs), default);
        return state.Total(BillingModel.Utc)!;
    }

    private static long Used(UsageMonth month) => month.Units.Where(u => u.Unit == "requests").Sum(u => u.Used);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private byte[] KeyId(string key) => UsageMover.KeyId(_space, Bytes(key));

    private sealed record Silo(SharedGrains Grains, LeaseDesk Desk, LeaseSweep Sweep, SharedKeyEraser Eraser);
}
