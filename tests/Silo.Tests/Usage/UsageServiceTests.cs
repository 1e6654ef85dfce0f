using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Usage;
using static Quota.Silo.Tests.Usage.UsageFixture;

namespace Quota.Silo.Tests.Usage;

public sealed class UsageServiceTests : IAsyncLifetime
{
    private UsageFixture _f = null!;

    public async Task InitializeAsync() => _f = await StartAsync();

    public async Task DisposeAsync() => await _f.DisposeAsync();

    [Fact]
    public async Task A_running_month_is_its_record_and_the_running_day()
    {
        UsageMonth month = Month(October, 100, refunded: 10);
        month.Adjust(new UsageAdjustment("a1", "requests", -5, "outage", "billing", 77));
        await _f.Usage.SaveMonthAsync("shop", "acme", October, month);
        UsageDay day = Day(October, 20, new UnitCounts("requests", 7, 2, 1, 1, 3, 4), new UnitCounts("tokens", 1000));
        day.Limits.Add(new LimitCounts("monthly", "requests", 7, 1, 3, 4));
        await _f.Usage.SaveDayAsync("shop", "acme", day);
        _f.Usage.Held["acme"] = new() { ["tokens"] = 40, ["bytes"] = 9 };

        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "acme", Daily = true });

        Assert.Equal(("2026-10", Ms("2026-10-01T00:00:00Z"), Ms("2026-11-01T00:00:00Z"), "UTC"), (usage.Month, usage.StartUnixMs, usage.EndUnixMs, usage.TimeZone));
        Assert.Equal((MonthState.Running, _f.Clock.Now().WallMs), (usage.State, usage.AsOfUnixMs));
        Assert.Equal(
            [
                new UnitUsage { Unit = "bytes", Reserved = 9 },
                new UnitUsage { Unit = "requests", Used = 107, RolledUp = 2, Refunded = 11, RolledUpRefunded = 1, Adjusted = -5, Billable = 91, Denied = 3, WouldDeny = 4 },
                new UnitUsage { Unit = "tokens", Used = 1000, Billable = 1000, Reserved = 40 },
            ],
            usage.Units);
        Assert.Equal([new LimitUsage { Limit = "monthly", Unit = "requests", Used = 7, Refunded = 1, Denied = 3, WouldDeny = 4 }], usage.Limits);
        Assert.Equal([new Adjustment { Id = "a1", Unit = "requests", Amount = -5, Reason = "outage", Author = "billing", AtUnixMs = 77 }], usage.Adjustments);
        Assert.Equal(["2026-10-05", "2026-10-20"], usage.Days.Select(d => d.Day));
        Assert.Equal(new DayUnit { Unit = "requests", Used = 7, Refunded = 1 }, usage.Days[1].Units[0]);
    }

    [Theory]
    [InlineData("2026-10-31T23:59:59.999Z", MonthState.Running, "2026-10-31T23:59:59.999Z")]
    [InlineData("2026-11-01T00:00:00Z", MonthState.Closed, "2026-11-01T00:00:00Z")]
    [InlineData("2026-11-02T23:59:59.999Z", MonthState.Closed, "2026-11-02T23:59:59.999Z")]
    [InlineData("2026-11-03T00:00:00Z", MonthState.Sealed, "2026-11-03T00:00:00Z")]
    [InlineData("2027-05-01T00:00:00Z", MonthState.Sealed, "2026-11-03T00:00:00Z")]
    public async Task A_month_is_running_closed_and_sealed_by_the_clock(string now, MonthState state, string asOf)
    {
        await _f.Usage.SaveMonthAsync("shop", "acme", October, Month(October, 1));
        _f.Clock.SetUnixMs(Ms(now));
        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "acme", Month = "2026-10" });
        Assert.Equal((state, Ms(asOf)), (usage.State, usage.AsOfUnixMs));
    }

    [Fact]
    public async Task A_month_with_the_seal_says_when_it_was_sealed()
    {
        UsageMonth month = Month(October, 1);
        month.Seal(Ms("2026-11-03T00:10:00Z"));
        await _f.Usage.SaveMonthAsync("shop", "acme", October, month);
        _f.Clock.SetUnixMs(Ms("2027-01-01T00:00:00Z"));
        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "acme", Month = "2026-10" });
        Assert.Equal((MonthState.Sealed, Ms("2026-11-03T00:10:00Z")), (usage.State, usage.AsOfUnixMs));
    }

    [Fact]
    public async Task A_key_is_billed_by_its_own_zone_and_anchor()
    {
        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "vienna" });
        Assert.Equal(("2026-10", Ms("2026-10-15T00:00:00+02:00"), Ms("2026-11-15T00:00:00+01:00"), "Europe/Vienna"), (usage.Month, usage.StartUnixMs, usage.EndUnixMs, usage.TimeZone));
        _f.Clock.SetUnixMs(Ms("2026-10-14T21:59:59Z"));
        Assert.Equal("2026-09", (await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "vienna" })).Month);
        Assert.Equal((3, "month: 2026-10 has not begun"), await _f.RefusalAsync("GetUsage", new GetUsageRequest { Namespace = "shop", Key = "vienna", Month = "2026-10" }));
    }

    [Fact]
    public async Task After_a_change_of_calendar_the_running_month_is_the_one_that_is_counted_in()
    {
        // Changed from the 1st to the 15th on 5 October: by the calendar of now September has not ended, but October is being counted.
        _f.Clock.SetUnixMs(Ms("2026-10-10T12:00:00Z"));
        await _f.Usage.SaveMonthAsync("shop", "vienna", October.Previous, Month(October.Previous, 500));
        await _f.Usage.SaveDayAsync("shop", "vienna", Day(October, 10, new UnitCounts("requests", 3)));
        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "vienna" });
        Assert.Equal(("2026-10", 3), (usage.Month, usage.Units.Single().Used));
    }

    [Fact]
    public async Task A_range_of_days_reaches_across_months()
    {
        UsageMonth september = Month(October.Previous, 5);
        september.Add(Day(October.Previous, 30, new UnitCounts("requests", 20, Refunded: 1), new UnitCounts("tokens", 3)));
        september.Adjust(new UsageAdjustment("a", "requests", 1000, "r", "a", 0));
        await _f.Usage.SaveMonthAsync("shop", "acme", October.Previous, september);
        await _f.Usage.SaveMonthAsync("shop", "acme", October, Month(October, 300));
        await _f.Usage.SaveDayAsync("shop", "acme", Day(October, 20, new UnitCounts("requests", 4000)));

        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "acme", FromDay = "2026-09-06", ToDay = "2026-10-20", Daily = true });
        Assert.Equal(("", MonthState.Running, Ms("2026-09-06T00:00:00Z"), Ms("2026-10-20T00:00:00Z")), (usage.Month, usage.State, usage.StartUnixMs, usage.EndUnixMs));
        Assert.Equal([new UnitUsage { Unit = "requests", Used = 320, Refunded = 1, Billable = 319 }, new UnitUsage { Unit = "tokens", Used = 3, Billable = 3 }], usage.Units);
        Assert.Equal(["2026-09-30", "2026-10-05"], usage.Days.Select(d => d.Day));
        Assert.Empty(usage.Adjustments);

        KeyUsage early = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "acme", FromDay = "2026-09-05", ToDay = "2026-09-06" });
        Assert.Equal((5, MonthState.Sealed), (early.Units.Single().Used, early.State));
        Assert.Empty(early.Days);
        KeyUsage running = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "acme", FromDay = "2026-10-20", ToDay = "2026-10-21" });
        Assert.Equal(4000, running.Units.Single().Used);
    }

    [Fact]
    public async Task A_key_without_usage_has_zeros_if_it_is_defined_and_is_not_found_otherwise()
    {
        KeyUsage usage = await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "beta", Month = "2026-09" });
        Assert.Equal((MonthState.Sealed, 0), (usage.State, usage.Units.Count));
        Assert.Equal((5, "key: has neither a definition nor usage in 2026-10"), await _f.RefusalAsync("GetUsage", new GetUsageRequest { Namespace = "shop", Key = "ghost" }));
        Assert.Equal((5, "month: 2020-01 is older than the 25 months for which usage is kept"), await _f.RefusalAsync("GetUsage", new GetUsageRequest { Namespace = "shop", Key = "beta", Month = "2020-01" }));
        await _f.Usage.SaveMonthAsync("shop", "ghost", October, Month(October, 3));
        Assert.Equal(3, (await GetAsync(new GetUsageRequest { Namespace = "shop", Key = "ghost" })).Units.Single().Billable);
    }

    [Fact]
    public async Task Bad_requests_are_refused_with_the_name_of_the_field()
    {
        (string, GetUsageRequest)[] gets =
        [
            ("namespace: must be 1 to 64 bytes, was 0", new() { Key = "acme" }),
            ("key: must be 1 to 256 bytes, was 0", new() { Namespace = "shop" }),
            ("key: must be 1 to 256 bytes, was 257", new() { Namespace = "shop", Key = new string('k', 257) }),
            ("month: must be a year and a month, like 2026-10", new() { Namespace = "shop", Key = "acme", Month = "10/2026" }),
            ("month: must be empty if days are given", new() { Namespace = "shop", Key = "acme", Month = "2026-10", FromDay = "2026-10-01" }),
            ("from_day: must be a date, like 2026-10-05", new() { Namespace = "shop", Key = "acme", ToDay = "2026-10-01" }),
            ("to_day: must be a date, like 2026-10-05", new() { Namespace = "shop", Key = "acme", FromDay = "2026-10-01", ToDay = "2026-02-30" }),
            ("to_day: must be 1 to 400 days after from_day, was 0", new() { Namespace = "shop", Key = "acme", FromDay = "2026-10-01", ToDay = "2026-10-01" }),
            ("to_day: must be 1 to 400 days after from_day, was 401", new() { Namespace = "shop", Key = "acme", FromDay = "2025-01-01", ToDay = "2026-02-06" }),
            ("from_day: 2026-10-21 has not begun", new() { Namespace = "shop", Key = "acme", FromDay = "2026-10-21", ToDay = "2026-10-22" }),
        ];
        foreach ((string message, GetUsageRequest request) in gets)
        {
            Assert.Equal((3, message), await _f.RefusalAsync("GetUsage", request));
        }
        Assert.Equal((5, "namespace: there is no such namespace"), await _f.RefusalAsync("GetUsage", new GetUsageRequest { Namespace = "none", Key = "acme" }));
        Assert.Equal((5, "namespace: there is no such namespace"), await _f.RefusalAsync("ListMonths", new ListMonthsRequest { Namespace = "none" }));
        (string, ListUsageRequest)[] lists =
        [
            ("page_size: must be 0 to 1000, was 1001", new() { Namespace = "shop", PageSize = 1001 }),
            ("page_size: must be 0 to 1000, was -1", new() { Namespace = "shop", PageSize = -1 }),
            ("page_token: is not one that this list was answered with", new() { Namespace = "shop", PageToken = "AAAA" }),
            ("page_token: is not one that this list was answered with", new() { Namespace = "shop", PageToken = "???" }),
            ("after_key: is for streams; a list goes on with page_token", new() { Namespace = "shop", AfterKey = "a" }),
            ("month: 2027-01 has not begun", new() { Namespace = "shop", Month = "2027-01" }),
            ("labels: must be 1 to 64 bytes, was 0", new() { Namespace = "shop", Labels = { { "", "x" } } }),
        ];
        foreach ((string message, ListUsageRequest request) in lists)
        {
            Assert.Equal((3, message), await _f.RefusalAsync("ListUsage", request));
        }
        Assert.Equal((3, "page_size: is for lists; a stream goes on with after_key"), await _f.RefusalAsync("StreamUsage", new ListUsageRequest { Namespace = "shop", PageSize = 1 }));
    }

    [Fact]
    public async Task An_adjustment_counts_once_and_is_listed_beside_the_month_also_when_sealed()
    {
        UsageMonth sealedMonth = Month(October.Previous, 50);
        sealedMonth.Seal(Ms("2026-10-03T00:00:00Z"));
        await _f.Usage.SaveMonthAsync("shop", "acme", October.Previous, sealedMonth);
        var request = new AdjustRequest { Namespace = "shop", Key = "acme", Month = "2026-09", Adjustment = new() { Id = "ticket-1", Unit = "requests", Amount = -20, Reason = "outage", Author = "finance" } };

        AdjustResponse first = await _f.CallAsync("Adjust", request, AdjustResponse.Parser);
        Assert.False(first.Repeat);
        Assert.Equal((50, -20, 30, MonthState.Sealed), (first.Usage.Units[0].Used, first.Usage.Units[0].Adjusted, first.Usage.Units[0].Billable, first.Usage.State));
        Assert.Equal(_f.Clock.Now().WallMs, first.Usage.Adjustments[0].AtUnixMs);
        _f.Clock.AdvanceMs(5000);
        AdjustResponse repeat = await _f.CallAsync("Adjust", request, AdjustResponse.Parser);
        Assert.True(repeat.Repeat);
        Assert.Equal(first.Usage.Adjustments, repeat.Usage.Adjustments);
        request.Adjustment.Amount = -21;
        Assert.Equal((3, "adjustment.id: was used for this key and month before, with another content"), await _f.RefusalAsync("Adjust", request));

        AdjustResponse empty = await _f.CallAsync("Adjust", new AdjustRequest { Namespace = "shop", Key = "beta", Month = "2026-10", Adjustment = new() { Id = "x", Unit = "tokens", Amount = 5, Reason = "r", Author = "a" } }, AdjustResponse.Parser);
        Assert.Equal(5, empty.Usage.Units.Single().Billable);
    }

    [Fact]
    public async Task Bad_adjustments_are_refused_with_the_name_of_the_field()
    {
        var good = new Adjustment { Id = "i", Unit = "requests", Amount = 1, Reason = "r", Author = "a" };
        (string Message, Adjustment Adjustment)[] bad =
        [
            ("adjustment.id: must be 1 to 128 bytes, was 0", new(good) { Id = "" }),
            ("adjustment.id: ids that begin with quota. are the service's own", new(good) { Id = "quota.x" }),
            ("adjustment.unit: must be 1 to 64 bytes, was 0", new(good) { Unit = "" }),
            ("adjustment.unit: no plan of the namespace meters it, and the month has none of it", new(good) { Unit = "bananas" }),
            ("adjustment.amount: must be -1000000000000000 to 1000000000000000 and not 0, was 0", new(good) { Amount = 0 }),
            ("adjustment.amount: must be -1000000000000000 to 1000000000000000 and not 0, was -1000000000000001", new(good) { Amount = -1_000_000_000_000_001 }),
            ("adjustment.reason: must be 1 to 256 bytes, was 0", new(good) { Reason = "" }),
            ("adjustment.author: must be 1 to 128 bytes, was 129", new(good) { Author = new string('a', 129) }),
        ];
        foreach ((string message, Adjustment adjustment) in bad)
        {
            Assert.Equal((3, message), await _f.RefusalAsync("Adjust", new AdjustRequest { Namespace = "shop", Key = "acme", Month = "2026-10", Adjustment = adjustment }));
        }
        Assert.Equal((3, "month: must be a year and a month, like 2026-10"), await _f.RefusalAsync("Adjust", new AdjustRequest { Namespace = "shop", Key = "acme", Adjustment = good }));
        Assert.Equal((3, "month: 2026-11 has not begun"), await _f.RefusalAsync("Adjust", new AdjustRequest { Namespace = "shop", Key = "acme", Month = "2026-11", Adjustment = good }));
        Assert.Equal((5, "key: has neither a definition nor usage in 2026-10"), await _f.RefusalAsync("Adjust", new AdjustRequest { Namespace = "shop", Key = "ghost", Month = "2026-10", Adjustment = good }));
        _f.Usage.AdjustmentsFail = true;
        Assert.Equal((14, "the journal is full"), await _f.RefusalAsync("Adjust", new AdjustRequest { Namespace = "shop", Key = "acme", Month = "2026-10", Adjustment = good }));
    }

    [Fact]
    public async Task A_month_that_is_full_of_adjustments_says_so()
    {
        UsageMonth month = Month(October, 1);
        for (int i = 0; i < Bounds.AdjustmentsPerMonthMax; i++)
        {
            month.Adjust(new UsageAdjustment($"{i}", "requests", 1, "r", "a", 0));
        }
        await _f.Usage.SaveMonthAsync("shop", "acme", October, month);
        var request = new AdjustRequest { Namespace = "shop", Key = "acme", Month = "2026-10", Adjustment = new() { Id = "more", Unit = "requests", Amount = 1, Reason = "r", Author = "a" } };
        Assert.Equal((9, "adjustment: the month has no room for another one"), await _f.RefusalAsync("Adjust", request));
    }

    [Fact]
    public async Task Months_are_listed_with_their_seals()
    {
        UsageMonth sealedMonth = Month(October.Previous, 1);
        sealedMonth.Seal(1);
        await _f.Usage.SaveMonthAsync("shop", "acme", October.Previous, sealedMonth);
        await _f.Usage.SaveMonthAsync("shop", "beta", October.Previous, Month(October.Previous, 1));
        await _f.Usage.SaveMonthAsync("shop", "beta", October, Month(October, 1));
        ListMonthsResponse months = await _f.CallAsync("ListMonths", new ListMonthsRequest { Namespace = "shop" }, ListMonthsResponse.Parser);
        Assert.Equal([new Month { Month_ = "2026-09", Keys = 2, SealedKeys = 1 }, new Month { Month_ = "2026-10", Keys = 1 }], months.Months);
    }

    private Task<KeyUsage> GetAsync(GetUsageRequest request) => _f.CallAsync("GetUsage", request, KeyUsage.Parser);
}
