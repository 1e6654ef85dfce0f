using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>How long a scan of usage takes on a real server, and how many requests it is, beside one that reads key by key.</summary>
internal static class UsageScanTimings
{
    private static readonly PlanModel Plan = new("p", [LimitModel.Quota("month", 1_000_000, new CalendarRule(CalendarUnit.Month))], billing: BillingModel.Utc);
    private static readonly byte[] Owner = "n"u8.ToArray();
    private static readonly MonthLabel Month = BillingModel.Utc.MonthAt(ManualClock.DefaultStartMs);

    /// <summary>A tenth of what a user has, unless the environment asks for more: reading key by key takes minutes.</summary>
    private static int Keys => int.TryParse(Environment.GetEnvironmentVariable("QUOTA_SCAN_KEYS"), NumberStyles.None, CultureInfo.InvariantCulture, out int keys) ? keys : 1_000;

    public static async Task PrintAsync(string name, ICountedStore store, ITestOutputHelper output)
    {
        var clock = new ManualClock();
        var silo = new SharedGrains(store, new CatalogState(Catalogs.Of("n", [Plan])), clock, new EventSchedule(), new Quota.Silo.Events.EventLog(NullLogger.Instance, TimeProvider.System), new SharedRuntime(), 30_000);
        int keys = Keys;
        await Parallel.ForAsync(0, keys, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await CheckAsync(silo, $"key-{i:00000}"));
        // Every tenth has gone on to another day, so that its first is in its month.
        clock.AdvanceMs(24 * 3600 * 1000);
        await Parallel.ForAsync(0, keys / 10, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await CheckAsync(silo, $"key-{i * 10:00000}"));
        var alone = new UsageScan(store, new KeyByKey(silo.Usage), (key, grain) => UsageDayReader.Read(silo.Layouts, key, grain));
        (double pagesMs, long pagesRequests, string byPages) = await ScanAsync(store, silo.Usage.ScanAsync);
        (double keysMs, long keysRequests, string byKeys) = await ScanAsync(store, alone.ScanAsync);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: a month of {keys} keys: by pages {pagesMs:0} ms and {pagesRequests} requests, key by key {keysMs:0} ms and {keysRequests} requests: {keysMs / pagesMs:0.0} times as fast with 1/{(double)keysRequests / pagesRequests:0.0} of the requests"));
        Assert.Equal(byKeys, byPages);
        Assert.True(pagesRequests * 2 < keysRequests, $"{pagesRequests} requests by pages, {keysRequests} key by key");
    }

    private static async Task<(double Ms, long Requests, string Rows)> ScanAsync(ICountedStore store, Func<ReadOnlyMemory<byte>, MonthLabel, byte[]?, int, CancellationToken, ValueTask<UsagePage>> scan)
    {
        var rows = new StringBuilder();
        long start = Stopwatch.GetTimestamp();
        long before = store.Counters.Reads;
        byte[]? after = null;
        do
        {
            UsagePage page = await scan(Owner, Month, after, Contracts.Bounds.UsageFlushRows, default);
            foreach (KeyUsageState state in page.Keys)
            {
                rows.Append(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(state.KeyUtf8)} {state.Month?.Units.Count} {state.Total(BillingModel.Utc)!.Units.Sum(u => u.Used)}\n");
            }
            after = page.ContinueAfter;
        }
        while (after is not null);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, store.Counters.Reads - before, rows.ToString());
    }

    private static Task CheckAsync(SharedGrains silo, string key)
    {
        var decision = new Decision();
        silo.Limiter.Begin(new CheckRequest { Namespace = Owner, Key = Encoding.UTF8.GetBytes(key), Cost = 1 }, silo.Limiter.Now(), decision);
        return silo.Limiter.CompleteAsync(decision).AsTask();
    }

    /// <summary>Has every row read by a step of its own.</summary>
    private sealed class KeyByKey(SharedUsage usage) : IUsageMemory
    {
        private long _reads;

        public long Departures => Interlocked.Increment(ref _reads);

        public ValueTask<KeyUsageState?> TryReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation) => default;

        public ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation) => usage.ReadAsync(owner, key, month, cancellation);

        public IReadOnlyDictionary<string, long> Reserved(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) => new Dictionary<string, long>();
    }
}
