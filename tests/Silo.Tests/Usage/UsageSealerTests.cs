using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Usage;
using static Quota.Silo.Tests.Usage.UsageFixture;

namespace Quota.Silo.Tests.Usage;

public sealed class UsageSealerTests : IAsyncLifetime
{
    private UsageFixture _f = null!;
    private UsageSealer _sealer = null!;

    public async Task InitializeAsync()
    {
        _f = await StartAsync();
        _sealer = new UsageSealer(_f.Catalog, _f.Usage, _f.Clock, NullLogger.Instance);
    }

    public async Task DisposeAsync() => await _f.DisposeAsync();

    [Fact]
    public async Task A_month_is_sealed_when_the_grace_of_its_own_calendar_is_over_and_not_before()
    {
        await _f.Usage.SaveMonthAsync("shop", "acme", October, Month(October, 1));
        Grains.Calendar.CalendarPeriod late = new BillingModel("Europe/Vienna", 15).PeriodOf(October);
        await _f.Usage.SaveMonthAsync("shop", "vienna", October, new UsageMonth(late.StartMs, late.EndMs, "Europe/Vienna"));
        foreach ((string now, long sealedMonths) in new[]
        {
            ("2026-11-02T23:59:59.999Z", 0L), ("2026-11-03T00:00:00Z", 1), ("2026-11-03T00:00:00Z", 0), ("2026-11-16T22:59:59.999Z", 0), ("2026-11-16T23:00:00Z", 1), ("2027-02-01T00:00:00Z", 0),
        })
        {
            _f.Clock.SetUnixMs(Ms(now));
            Assert.Equal(sealedMonths, await _sealer.TryRoundAsync(default));
        }
        Assert.Equal([new MonthCount(October, 2, 2)], await _f.Usage.CountMonthsAsync("shop"u8.ToArray(), default));
    }

    [Fact]
    public async Task The_last_day_of_an_idle_key_is_sealed_with_its_month()
    {
        await _f.Usage.SaveDayAsync("shop", "idle", Day(October, 31, new UnitCounts("requests", 9)));
        _f.Clock.SetUnixMs(Ms("2026-11-03T00:00:00Z"));
        Assert.Equal(1, await _sealer.TryRoundAsync(default));
        KeyUsageState state = await _f.Usage.ReadAsync("shop"u8.ToArray(), "idle"u8.ToArray(), October, default);
        Assert.Equal((true, 9L, null), (state.Month!.IsSealed, state.Month.Units.Single().Used, state.Day));
    }

    [Fact]
    public async Task Months_that_ended_while_no_silo_ran_are_sealed_after_the_start()
    {
        await _f.Usage.SaveMonthAsync("shop", "acme", new MonthLabel(2025, 3), Month(new MonthLabel(2025, 3), 1));
        Assert.Equal(1, await _sealer.TryRoundAsync(default));
        Assert.Equal(0, await _sealer.TryRoundAsync(default));
    }

    [Fact]
    public async Task A_round_that_fails_is_gone_on_with_by_a_later_one()
    {
        await _f.Usage.SaveMonthAsync("shop", "acme", new MonthLabel(2025, 3), Month(new MonthLabel(2025, 3), 1));
        await _f.Usage.SaveRecordAsync("shop", "bad", October.Previous, new byte[40]);
        Assert.Null(await _sealer.TryRoundAsync(default));
        await _f.Usage.SaveMonthAsync("shop", "bad", October.Previous, Month(October.Previous, 1));
        await _f.Usage.SaveMonthAsync("shop", "other", new MonthLabel(2025, 3), Month(new MonthLabel(2025, 3), 1));
        Assert.Equal(2, await _sealer.TryRoundAsync(default));
    }
}
