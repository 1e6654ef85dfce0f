using System.Text;
using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Usage;

public sealed class UsageScanTests : IAsyncLifetime
{
    private static readonly byte[] Shop = "shop"u8.ToArray();
    private static readonly MonthLabel October = new(2026, 10);

    private readonly TempFolder _folder = new();
    private SqliteGrainStore _store = null!;
    private StoredUsage _usage = null!;

    public Task InitializeAsync()
    {
        _store = new SqliteGrainStore(Path.Combine(_folder.Path, "grains.db"));
        _usage = new StoredUsage(_store);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Months_and_running_days_are_joined_in_the_order_of_the_keys_whatever_the_page()
    {
        // Keys with a record, with a day, with both, with neither, and with those of other months and namespaces; bytes beyond ASCII.
        var expected = new SortedDictionary<string, long>(Comparer<string>.Create((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))));
        var random = new Random(3);
        for (int i = 0; i < 300; i++)
        {
            string key = $"{(char)('a' + random.Next(26))}{(random.Next(5) == 0 ? "\u00FC\U0001F600" : "")}{i}";
            long sum = 0;
            if (random.Next(2) == 0)
            {
                await _usage.SaveMonthAsync("shop", key, October, Month(sum += random.Next(100)));
                expected[key] = sum;
            }
            else if (random.Next(3) == 0)
            {
                await _usage.SaveMonthAsync("shop", key, random.Next(2) == 0 ? October.Next : October.Previous, Month(1_000_000));
            }
            switch (random.Next(4))
            {
                case 0:
                    long used = random.Next(1, 100);
                    await _usage.SaveDayAsync("shop", key, Day(October, used));
                    expected[key] = expected.GetValueOrDefault(key) + used;
                    break;
                case 1:
                    await _usage.SaveDayAsync("shop", key, Day(October.Next, 1_000_000));
                    break;
                case 2:
                    await _usage.SaveBlockAsync("shop", key, [1, 2, 3]);
                    break;
            }
            await _usage.SaveMonthAsync("shop2", key, October, Month(1_000_000));
            await _usage.SaveDayAsync("sho", "p" + key, Day(October, 1_000_000));
        }
        foreach (int limit in new[] { 1, 7, 64, 5_000 })
        {
            List<KeyUsageState> all = await AllAsync(limit);
            Assert.Equal(expected.Keys, all.Select(s => Encoding.UTF8.GetString(s.KeyUtf8)));
            Assert.Equal(expected.Values, all.Select(Used));
        }
        Assert.Equal(0, _usage.Reads);
    }

    [Fact]
    public async Task The_namespace_as_a_whole_is_the_first_key_and_is_listed_once()
    {
        await _usage.SaveMonthAsync("shop", "", October, Month(3));
        await _usage.SaveDayAsync("shop", "", Day(October, 4));
        await _usage.SaveMonthAsync("shop", "a", October, Month(1));
        Assert.Equal([("", 7L), ("a", 1L)], (await AllAsync(1)).Select(s => (Encoding.UTF8.GetString(s.KeyUtf8), Used(s))));
    }

    [Fact]
    public async Task A_key_in_memory_is_read_there_in_both_directions()
    {
        // The checkpoint between the two reads: the store has the day twice, or not at all.
        await _usage.SaveMonthAsync("shop", "twice", October, Month(10));
        await _usage.SaveDayAsync("shop", "twice", Day(October, 4));
        _usage.Resident["twice"] = (Month(10), null);
        await _usage.SaveMonthAsync("shop", "lost", October, Month(10));
        _usage.Resident["lost"] = (Month(10), Day(October, 5));
        await _usage.SaveDayAsync("shop", "moved on", Day(October, 6));
        _usage.Resident["moved on"] = (null, Day(October.Next, 1));
        List<KeyUsageState> all = await AllAsync(100);
        Assert.Equal([("lost", 15L), ("twice", 10L)], all.Select(s => (Encoding.UTF8.GetString(s.KeyUtf8), Used(s))));
    }

    [Fact]
    public async Task A_key_that_left_memory_between_the_reads_is_read_once_more()
    {
        await _usage.SaveMonthAsync("shop", "a", October, Month(10));
        await _usage.SaveMonthAsync("shop", "b", October, Month(10));
        _usage.OnAsked = key =>
        {
            if (key == "b")
            {
                // Its month was changed, saved and evicted after the page with it was read.
                _usage.SaveMonthAsync("shop", "b", October, Month(11)).GetAwaiter().GetResult();
                _usage.Departures++;
            }
        };
        Assert.Equal([10L, 11L], (await AllAsync(100)).Select(Used));
        Assert.Equal(1, _usage.Reads);
    }

    [Fact]
    public async Task A_page_looks_at_a_bounded_number_of_rows_and_says_where_to_go_on()
    {
        var saves = new List<GrainSave>();
        for (int i = 0; i < Bounds.UsageScanRowsMax + 10; i++)
        {
            byte[] id = [1, 4, .. Shop, .. Encoding.UTF8.GetBytes($"{i:D6}")];
            saves.Add(new GrainSave(id, GrainSave.AnyVersion, new StoredGrain(0, 0, long.MaxValue, new byte[] { 1 })));
        }
        foreach (GrainSave[] batch in saves.Chunk(IGrainStore.SaveBatchMax))
        {
            await _store.SaveAsync(batch, new bool[batch.Length], default);
        }
        await _usage.SaveDayAsync("shop", "z", Day(October, 1));
        UsagePage first = await _usage.ScanAsync(Shop, October, default, 10, default);
        Assert.Empty(first.Keys);
        Assert.Equal($"{Bounds.UsageScanRowsMax - 1:D6}", Encoding.UTF8.GetString(first.ContinueAfter!));
        UsagePage second = await _usage.ScanAsync(Shop, October, first.ContinueAfter, 10, default);
        Assert.Equal("z", Encoding.UTF8.GetString(Assert.Single(second.Keys).KeyUtf8));
        Assert.Null(second.ContinueAfter);
    }

    [Fact]
    public async Task A_damaged_record_is_an_error_and_never_a_zero()
    {
        byte[] id = [3, 4, .. Shop, 0, 3, 0x17, 0x72, .. "bad"u8];
        await _store.SaveAsync([new GrainSave(id, GrainSave.AnyVersion, new StoredGrain(0, 0, long.MaxValue, new byte[40]))], new bool[1], default);
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () => await _usage.ScanAsync(Shop, October, default, 10, default));
        Assert.Contains("bad", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Months_are_counted_with_how_many_are_sealed()
    {
        for (int i = 0; i < 300; i++)
        {
            UsageMonth month = Month(1);
            if (i % 3 == 0)
            {
                month.Seal(9);
            }
            await _usage.SaveMonthAsync("shop", $"k{i}", i % 2 == 0 ? October : October.Next, month);
        }
        Assert.Equal([new MonthCount(October, 150, 50), new MonthCount(October.Next, 150, 50)], await _usage.CountMonthsAsync(Shop, default));
        Assert.Empty(await _usage.CountMonthsAsync("none"u8.ToArray(), default));
    }

    private async Task<List<KeyUsageState>> AllAsync(int limit)
    {
        var all = new List<KeyUsageState>();
        byte[]? after = null;
        do
        {
            UsagePage page = await _usage.ScanAsync(Shop, October, after, limit, default);
            Assert.InRange(page.Keys.Count, 0, limit);
            all.AddRange(page.Keys);
            after = page.ContinueAfter;
        }
        while (after is not null);
        return all;
    }

    private static long Used(KeyUsageState state) => (state.Month?.Units.Sum(u => u.Used) ?? 0) + (state.Day?.Units.Sum(u => u.Used) ?? 0);

    private static UsageMonth Month(long used)
    {
        var month = new UsageMonth(0, 1000, "UTC");
        month.Add(Day(October, used));
        return month;
    }

    private static UsageDay Day(MonthLabel month, long used)
    {
        var day = new UsageDay { StartMs = 0, EndMs = 10, Day = 3, Month = month };
        day.Units.Add(new UnitCounts("requests", used));
        return day;
    }
}
