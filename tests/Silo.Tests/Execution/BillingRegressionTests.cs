using System.Globalization;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Execution.Billing;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Execution;

/// <summary>What random histories have found, as small as it gets.</summary>
public sealed class BillingRegressionTests
{
    [Fact]
    public async Task A_late_settlement_is_billed_in_the_month_it_was_made_in_although_the_next_month_has_a_record()
    {
        await using BillingSilo silo = await StartAsync("2026-03-31T23:59:50Z", BillingModel.Utc);
        Decision held = Reserve(silo);
        silo.Clock.AdvanceMs(20_000);
        var adjustment = new UsageAdjustment("a", "requests", 1, "reason", "author", silo.Clock.Now().WallMs);
        await silo.Usage.AdjustAsync("n"u8.ToArray(), "k"u8.ToArray(), new MonthLabel(2026, 4), BillingModel.Utc, adjustment, default);
        await SettleAsync(silo, held);
        Assert.Equal(5, await UsedAsync(silo, new MonthLabel(2026, 3)));
        Assert.Equal(0, await UsedAsync(silo, new MonthLabel(2026, 4)));
    }

    [Fact]
    public async Task A_key_whose_block_was_forgotten_is_still_billed_by_its_own_calendar()
    {
        // Half past one on 1 April in India; still March by the namespace's calendar.
        await using BillingSilo silo = await StartAsync("2026-03-31T20:00:00Z", new BillingModel("Asia/Kolkata", 1));
        Decision held = Reserve(silo);
        silo.Clock.AdvanceMs(1_800_000);
        Assert.True(await silo.Checkpointer.TryRoundAsync(default));
        silo.Evict();
        await SettleAsync(silo, held);
        Assert.Equal(5, await UsedAsync(silo, new MonthLabel(2026, 4)));
        Assert.Equal(0, await UsedAsync(silo, new MonthLabel(2026, 3)));
    }

    private static async Task<BillingSilo> StartAsync(string at, BillingModel billing)
    {
        var plan = new PlanModel("p", [LimitModel.SlidingWindow("burst", 100, 1_000_000_000)], ["tokens"], billing);
        var catalog = new CatalogModel([
            new NamespaceModel("n")
            {
                Plans = new Utf8Map<PlanModel>([KeyValuePair.Create("p", plan)]),
                Keys = new Utf8Map<KeyState>([KeyValuePair.Create("k", new KeyState("k", new KeyModel("k", plan)))]),
            },
        ]);
        var silo = new BillingSilo(new ManualClock(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds()), catalog);
        await silo.StartAsync();
        return silo;
    }

    private static Decision Reserve(BillingSilo silo)
    {
        Decision held = new BillingCall("k", 5, 0, "/", "", new ReservationTerms(3_600_000, true)).Send(silo);
        Assert.True(held.Allowed, held.ErrorMessage);
        return held;
    }

    private static async Task SettleAsync(BillingSilo silo, Decision held)
    {
        Outcome<Settlement> settled = await silo.Operations.SettleAsync(new SettleInput("n", "k", held.Reservation.Id.ToString("x32", CultureInfo.InvariantCulture)));
        Assert.True(settled.IsDone, settled.ErrorMessage);
    }

    private static async Task<long> UsedAsync(BillingSilo silo, MonthLabel month)
    {
        KeyUsageState state = await silo.Usage.ReadAsync("n"u8.ToArray(), "k"u8.ToArray(), month, default);
        return state.Total(BillingModel.Utc)?.Units.FirstOrDefault(u => u.Unit == "requests").Used ?? 0;
    }
}
