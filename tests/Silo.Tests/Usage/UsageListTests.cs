using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Usage;
using Quota.Silo.Protocols.Usage;
using Quota.Silo.Tests.Support;
using static Quota.Silo.Tests.Usage.UsageFixture;

namespace Quota.Silo.Tests.Usage;

public sealed class UsageListTests : IAsyncLifetime
{
    private UsageFixture _f = null!;

    public async Task InitializeAsync() => _f = await StartAsync();

    public async Task DisposeAsync() => await _f.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(0)]
    public async Task Pages_follow_each_other_in_the_order_of_the_keys(int size)
    {
        await FillAsync(10);
        List<KeyUsage> all = [];
        var request = new ListUsageRequest { Namespace = "shop", PageSize = size };
        do
        {
            ListUsageResponse page = await _f.CallAsync("ListUsage", request, ListUsageResponse.Parser);
            Assert.InRange(page.Keys.Count, 0, size == 0 ? Bounds.PageSizeDefault : size);
            all.AddRange(page.Keys);
            request.PageToken = page.NextPageToken;
            // A list keeps to the month it began with.
            _f.Clock.SetUnixMs(Ms("2026-11-01T00:00:00Z"));
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => ($"k{i}", 100L + i, "2026-10")), all.Select(k => (k.Key, k.Units[0].Billable, k.Month)));
    }

    [Fact]
    public async Task A_page_token_is_for_the_list_it_was_answered_with()
    {
        await FillAsync(3);
        string token = (await _f.CallAsync("ListUsage", new ListUsageRequest { Namespace = "shop", Month = "2026-10", PageSize = 1 }, ListUsageResponse.Parser)).NextPageToken;
        const string Refused = "page_token: is not one that this list was answered with";
        Assert.Equal((3, Refused), await _f.RefusalAsync("ListUsage", new ListUsageRequest { Namespace = "shop", Month = "2026-09", PageToken = token }));
        Assert.Equal((3, Refused), await _f.RefusalAsync("ListUsage", new ListUsageRequest { Namespace = "shop", PageToken = token, Labels = { { "a", "b" } } }));
        Assert.Equal((3, Refused), await _f.RefusalAsync("ListUsage", new ListUsageRequest { Namespace = "shop", PageToken = token[..^4] + "!!!!" }));
        ListUsageResponse next = await _f.CallAsync("ListUsage", new ListUsageRequest { Namespace = "shop", PageToken = token, PageSize = 1000 }, ListUsageResponse.Parser);
        Assert.Equal(["k1", "k2"], next.Keys.Select(k => k.Key));
    }

    [Fact]
    public async Task A_page_ends_before_it_is_too_large_and_the_next_goes_on()
    {
        UsageMonth large = Month(October, 1);
        for (int i = 0; i < 25; i++)
        {
            large.Adjust(new UsageAdjustment($"{i}", "requests", 1, new string('r', 256), new string('a', 128), 0));
        }
        for (int i = 0; i < 150; i++)
        {
            await _f.Usage.SaveMonthAsync("shop", $"k{i:D3}", October, large);
        }
        ListUsageResponse first = await _f.CallAsync("ListUsage", new ListUsageRequest { Namespace = "shop", PageSize = 1000 }, ListUsageResponse.Parser);
        Assert.InRange(first.CalculateSize(), Bounds.PageBytesMax, Bounds.PageBytesMax + (64 * 1024));
        ListUsageResponse second = await _f.CallAsync("ListUsage", new ListUsageRequest { Namespace = "shop", PageSize = 1000, PageToken = first.NextPageToken }, ListUsageResponse.Parser);
        Assert.Equal(Enumerable.Range(0, 150).Select(i => $"k{i:D3}"), first.Keys.Concat(second.Keys).Select(k => k.Key));
        Assert.Empty(second.NextPageToken);
    }

    [Fact]
    public async Task A_stream_has_a_header_the_keys_and_control_totals_that_add_nothing_twice()
    {
        // A parent's counts include its child's: 30 requests used and 3 refunded by the child, 5 and 1 by the parent itself.
        UsageMonth child = Month(October, 0);
        child.Add(Day(October, 6, new UnitCounts("requests", 30, 0, 3, 0, 2, 1)));
        UsageMonth parent = Month(October, 0);
        parent.Add(Day(October, 6, new UnitCounts("requests", 35, 30, 4, 3), new UnitCounts("tokens", 7)));
        parent.Adjust(new UsageAdjustment("a", "requests", -2, "r", "a", 0));
        await _f.Usage.SaveMonthAsync("shop", "child", October, child);
        await _f.Usage.SaveMonthAsync("shop", "parent", October, parent);
        _f.Usage.AsOfMs = 12345;
        List<UsageRow> rows = await StreamAsync(new ListUsageRequest { Namespace = "shop", Month = "2026-10" });
        Assert.Equal(new UsageHeader { SchemaVersion = 1, Namespace = "shop", Month = "2026-10", AsOfUnixMs = 12345 }, rows[0].Header);
        Assert.Equal(["child", "parent"], rows[1..^1].Select(r => r.Key.Key));
        Assert.Empty(rows[1].Key.Days);
        var trailer = new UsageTrailer { Keys = 2 };
        trailer.Totals.Add(new UnitUsage { Unit = "requests", Used = 35, Refunded = 4, Adjusted = -2, Billable = 29, Denied = 2, WouldDeny = 1 });
        trailer.Totals.Add(new UnitUsage { Unit = "tokens", Used = 7, Billable = 7 });
        Assert.Equal(trailer, rows[^1].Trailer);
    }

    [Fact]
    public async Task A_stream_goes_on_after_a_key_and_has_the_days_if_asked()
    {
        await FillAsync(600);
        List<UsageRow> rows = await StreamAsync(new ListUsageRequest { Namespace = "shop", AfterKey = "k100", Daily = true });
        Assert.Equal("k101", rows[1].Key.Key);
        Assert.Equal("k99", rows[^2].Key.Key);
        Assert.Equal("2026-10-05", rows[1].Key.Days.Single().Day);
        Assert.Equal(rows.Count - 2, rows[^1].Trailer.Keys);
    }

    [Fact]
    public async Task A_stream_is_sealed_if_every_month_in_it_is()
    {
        Assert.False((await StreamAsync(new ListUsageRequest { Namespace = "shop" }))[^1].Trailer.Sealed);
        await FillAsync(2);
        _f.Clock.SetUnixMs(Ms("2026-11-03T00:00:00Z"));
        _f.Usage.AsOfMs = _f.Clock.Now().WallMs;
        Assert.True((await StreamAsync(new ListUsageRequest { Namespace = "shop", Month = "2026-10" }))[^1].Trailer.Sealed);
        Grains.Calendar.CalendarPeriod late = new Grains.Model.BillingModel("Europe/Vienna", 15).PeriodOf(October);
        await _f.Usage.SaveMonthAsync("shop", "vienna", October, new UsageMonth(late.StartMs, late.EndMs, "Europe/Vienna"));
        Assert.False((await StreamAsync(new ListUsageRequest { Namespace = "shop", Month = "2026-10" }))[^1].Trailer.Sealed);
    }

    [Fact]
    public async Task What_is_in_memory_only_is_not_listed_as_if_it_were_nothing()
    {
        _f.Usage.AsOfMs = null;
        Assert.Equal(14, (await _f.RefusalAsync("ListUsage", new ListUsageRequest { Namespace = "shop" })).Status);
        Assert.Equal(14, (await _f.RefusalAsync("StreamUsage", new ListUsageRequest { Namespace = "shop" })).Status);
    }

    private async Task FillAsync(int keys)
    {
        for (int i = 0; i < keys; i++)
        {
            await _f.Usage.SaveMonthAsync("shop", $"k{i}", October, Month(October, 100 + i));
        }
    }

    private async Task<List<UsageRow>> StreamAsync(ListUsageRequest request)
    {
        GrpcTestReply reply = await _f.Edge.Grpc.UnaryAsync($"/{UsageService.Name}/StreamUsage", request);
        Assert.Equal((0, ""), (reply.Status, reply.Message));
        return [.. reply.Messages.Select(m => UsageRow.Parser.ParseFrom(m.Bytes))];
    }
}
