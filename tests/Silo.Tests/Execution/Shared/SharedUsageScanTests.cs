using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains;
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

/// <summary>Scans of usage in a shared store, while silos go on.</summary>
public sealed class SharedUsageScanTests
{
    private static readonly PlanModel Plan = new(
        "p",
        [LimitModel.Quota("month", 1_000_000, new CalendarRule(CalendarUnit.Month)), LimitModel.SlidingWindow("minute", 1_000_000, 60_000_000_000)],
        billing: BillingModel.Utc);

    private static readonly byte[] Owner = "n"u8.ToArray();
    private static readonly MonthLabel March = BillingModel.Utc.MonthAt(ManualClock.DefaultStartMs);

    private readonly MemoryGrainStore _store = new();
    private readonly ManualClock _clock = new();
    private readonly CatalogState _catalog = new(Catalogs.Of("n", [Plan]));

    [Theory]
    [InlineData(1_000, 1_024)]
    [InlineData(1_000, 1)]
    [InlineData(7, 3)]
    public async Task Every_key_has_what_reading_it_alone_gives(int limit, int booksMax)
    {
        SharedGrains silo = Silo();
        for (int i = 0; i < 400; i++)
        {
            string key = new string('a', i % 5) + i;
            await CheckAsync(silo, key);
            if (i % 7 == 0)
            {
                await CheckAsync(silo, key, hold: true);
            }
            if (i % 5 == 0)
            {
                await GrantAsync(key, 3 + (i % 4));
            }
        }
        // Some go on: days move into March, some are in April, and some months are sealed.
        for (int day = 0; day < 30; day++)
        {
            _clock.AdvanceMs(24 * 3600 * 1000);
            for (int i = day; i < 400; i += 40)
            {
                await CheckAsync(silo, new string('a', i % 5) + i);
            }
        }
        for (int i = 0; i < 400; i += 9)
        {
            Assert.True(await silo.Usage.SealAsync(Owner, Encoding.UTF8.GetBytes(new string('a', i % 5) + i), March, default));
        }
        SharedUsageScan scan = Scan(silo, _store, booksMax, out _);
        foreach (MonthLabel month in (MonthLabel[])[March, March.Next, March.Next.Next])
        {
            List<KeyUsageState> rows = await AllAsync(scan, month, limit);
            var alone = new List<string>();
            foreach (string key in Enumerable.Range(0, 400).Select(i => new string('a', i % 5) + i).Order(StringComparer.Ordinal))
            {
                KeyUsageState state = await silo.Usage.ReadAsync(Owner, Encoding.UTF8.GetBytes(key), month, default);
                alone.AddRange(state.IsEmpty ? [] : [Describe(state)]);
            }
            Assert.Equal(alone, rows.Select(Describe));
            Assert.Equal(month == March, rows.Count == 400);
            Assert.Equal(month == March.Next.Next, rows.Count == 0);
        }
    }

    [Fact]
    public async Task A_day_that_moves_while_a_scan_reads_is_neither_lost_nor_counted_twice()
    {
        int alone = 0;
        for (int at = 0; at < 8; at++)
        {
            var store = new MemoryGrainStore();
            SharedGrains other = Silo(store);
            SharedGrains mine = Silo(store);
            for (int i = 0; i < 10; i++)
            {
                await CheckAsync(other, "k", cost: 100);
            }
            int place = at;
            var hooked = new HookedStore(store);
            hooked.BeforeScan = async number =>
            {
                if (number == place)
                {
                    // The first step of another day moves the last one into its month.
                    _clock.AdvanceMs(24 * 3600 * 1000);
                    await CheckAsync(other, "k");
                }
            };
            SharedUsageScan scan = Scan(mine, hooked, 1_024, out Func<int> readAlone);
            KeyUsageState row = (await AllAsync(scan, March, 100)).Single();
            Assert.InRange(Used(row), 1_000, 1_001);
            alone += readAlone();
            Assert.True(hooked.Scans >= 5);
        }
        Assert.InRange(alone, 1, 3);
    }

    [Theory]
    [InlineData(1_024)]
    [InlineData(1)]
    public async Task What_is_spent_of_a_lease_that_is_settled_while_a_scan_reads_is_never_missing(int booksMax)
    {
        for (int at = 0; at < 8; at++)
        {
            var store = new MemoryGrainStore();
            SharedGrains holder = Leasing(store);
            SharedGrains mine = Silo(store);
            long admitted = 0;
            for (int i = 0; i < 100; i++)
            {
                admitted += (await CheckAsync(holder, "k")).Allowed ? 1 : 0;
            }
            int place = at;
            var hooked = new HookedStore(store);
            hooked.BeforeScan = async number =>
            {
                if (number == place)
                {
                    Assert.True(await holder.Settler!.SettleAllAsync());
                }
            };
            KeyUsageState row = (await AllAsync(Scan(mine, hooked, booksMax, out _), March, 100)).Single();
            long unsettled = row.Unsettled.GetValueOrDefault(PlanModel.Requests);
            long used = Used(row);
            Assert.True(used <= admitted && used + unsettled >= admitted, $"{used} used, {unsettled} unsettled, {admitted} admitted, settled before scan {at}");
        }
    }

    /// <summary>Writes a lease into a key's book, as a silo does that does not come back.</summary>
    private async Task GrantAsync(string key, long permits)
    {
        byte[] bookId = LeaseBook.IdOf(GrainId.OfKey(Owner, Encoding.UTF8.GetBytes(key)));
        byte[] book = LeaseBook.Encode([new LeaseEntry(1, 2, "gone", _clock.Now().WindowNs + 1, _clock.Now(), [new LeasePermits("month", PlanModel.Requests, permits, false)])]);
        await _store.SaveLayoutAsync(CounterLayout.Record.Id, CounterLayout.Record.Encoded, default);
        Assert.True(await _store.CommitAsync([new GrainSave(bookId, 0, new StoredGrain(CounterLayout.Record.Id, 1, RecordHead.Never, book))], default));
    }

    private static SharedUsageScan Scan(SharedGrains silo, IGrainStore store, int booksMax, out Func<int> readAlone)
    {
        int alone = 0;
        readAlone = () => Volatile.Read(ref alone);
        ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
        {
            Interlocked.Increment(ref alone);
            return silo.Usage.ReadAsync(owner, key, month, cancellation);
        }
        return new SharedUsageScan(store, silo.Layouts, silo.Runner.LoadLayoutsAsync, ReadAsync) { BooksMax = booksMax };
    }

    private static async Task<List<KeyUsageState>> AllAsync(SharedUsageScan scan, MonthLabel month, int limit)
    {
        var rows = new List<KeyUsageState>();
        byte[]? after = null;
        do
        {
            UsagePage page = await scan.ScanAsync(Owner, month, after, limit, default);
            Assert.InRange(page.Keys.Count, 0, limit);
            rows.AddRange(page.Keys);
            after = page.ContinueAfter;
        }
        while (after is not null);
        return rows;
    }

    private static long Used(KeyUsageState state) => state.Total(BillingModel.Utc)!.Units.Single(u => u.Unit == PlanModel.Requests).Used;

    private static string Describe(KeyUsageState state)
    {
        string reserved = string.Join(',', state.Reserved.Select(r => $"{r.Key}={r.Value}")), unsettled = string.Join(',', state.Unsettled.Select(r => $"{r.Key}={r.Value}"));
        UsageMonth total = state.Total(BillingModel.Utc)!;
        return string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(state.KeyUtf8)} {total.IsSealed} {total.Units.Single(u => u.Unit == PlanModel.Requests).Used} on {total.Days.Count} days, reserved {reserved}, unsettled {unsettled}");
    }

    private SharedGrains Silo(MemoryGrainStore? store = null, LeaseParts? parts = null) =>
        new(store ?? _store, _catalog, _clock, new EventSchedule(), new EventLog(NullLogger.Instance, TimeProvider.System), new SharedRuntime(), 30_000, parts);

    private SharedGrains Leasing(MemoryGrainStore store) =>
        Silo(store, new LeaseParts(new KeyTable(new LayoutRegistry(), 1_000), new MemoryJournal(), null, (1, "holder"), () => 3));

    private static async Task<Decision> CheckAsync(SharedGrains silo, string key, long cost = 1, bool hold = false)
    {
        var decision = new Decision();
        Begin(silo, key, cost, hold, decision);
        await silo.Limiter.CompleteAsync(decision);
        Assert.True(decision.Allowed, decision.ErrorMessage);
        return decision;
    }

    private static void Begin(SharedGrains silo, string key, long cost, bool hold, Decision decision)
    {
        var request = new CheckRequest { Namespace = "n"u8, Key = Encoding.UTF8.GetBytes(key), Cost = cost };
        Instant now = silo.Limiter.Now();
        if (hold)
        {
            silo.Limiter.Reserve(request, new ReservationTerms(86_400_000, true), now, decision);
        }
        else
        {
            silo.Limiter.Begin(request, now, decision);
        }
    }
}
