using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Bench;

/// <summary>
/// Operations that leave a record behind: checks with a request id, reservations that are settled, refunds; each against a plain
/// check, in turns. Inside the process, with the real journal, until each is as safe as its namespace asks.
/// </summary>
internal sealed class RecordsBench
{
    private const string Part = "records";
    private const int Keys = 10_000;

    /// <summary>Operations under way at once: they share syncs.</summary>
    private const int Together = 256;

    private static readonly IReadOnlyDictionary<string, long> OneRequest = new Dictionary<string, long> { ["requests"] = 1 };

    private readonly IJournal _journal;
    private readonly Limiter _limiter;
    private readonly LocalOperations _operations;
    private readonly Decision[] _decisions = [.. Enumerable.Range(0, Together).Select(_ => new Decision())];
    private readonly string _owner;
    private readonly byte[] _ownerUtf8;
    private long _number;

    private RecordsBench(string owner, IJournal journal, KeyTable table)
    {
        _owner = owner;
        _ownerUtf8 = Encoding.UTF8.GetBytes(owner);
        _journal = journal;
        var catalog = new CatalogState(BenchCatalog.Create(BenchCatalog.Plan(3, keepsUsage: true)));
        var clock = new SystemClock(TimeProvider.System);
        var executor = new LocalExecutor(table, journal, null);
        _limiter = new Limiter(catalog, executor, clock);
        _operations = new LocalOperations(catalog, clock, _limiter, executor, table);
    }

    public static async Task RunAsync(BenchContext context)
    {
        foreach (string owner in new[] { BenchCatalog.OsNamespace, BenchCatalog.CommitNamespace })
        {
            await RunCasesAsync(context, owner);
        }
        await MeasureMemoryAsync(context, "remembered request id", (bench, i) => bench.CheckAsync(i, withId: true));
        await MeasureMemoryAsync(context, "open reservation", (bench, i) => bench.ReserveAsync(i));
        context.Note($"records: 3 limits and usage, {Keys:N0} keys in turn, {Together} operations under way at once, medians of chunks of as many; \"to a check\" is against the plain check of the same round; nothing is checkpointed");
    }

    private static async Task RunCasesAsync(BenchContext context, string owner)
    {
        await using IJournal journal = BenchJournal.Open(context);
        var bench = new RecordsBench(owner, journal, new KeyTable(new LayoutRegistry(), 20_000_000));
        (string Name, Func<RecordsBench, int, ValueTask> Run)[] cases =
        [
            ("check", static (b, i) => b.CheckAsync(i, withId: false)),
            ("check with a request id", static (b, i) => b.CheckAsync(i, withId: true)),
            ("reserve and settle", static (b, i) => b.ReserveAndSettleAsync(i)),
            ("refund", static (b, i) => b.RefundAsync(i)),
        ];
        for (int i = 0; i < Keys; i += Together)
        {
            await bench.RunTogetherAsync(cases[0].Run);
        }
        var ns = cases.ToDictionary(c => c.Name, _ => new List<double>());
        for (int round = 0; round <= 3; round++)
        {
            foreach ((string name, Func<RecordsBench, int, ValueTask> run) in cases)
            {
                double measured = await bench.MeasureAsync(run, TimeSpan.FromSeconds(context.Quick ? 0.3 : 1));
                if (round > 0)
                {
                    ns[name].Add(measured);
                }
            }
        }
        foreach ((string name, _) in cases)
        {
            double median = Statistics.Median(ns[name]);
            context.Add(new(Part, $"{name}, sync {owner}", "time", median, "ns"));
            context.Add(new(Part, $"{name}, sync {owner}", "throughput", 1e9 / median, "1/s"));
            context.Add(new(Part, $"{name}, sync {owner}", "to a check", Statistics.Median(ns[name].Zip(ns["check"], (n, c) => n / c)), "×"));
        }
    }

    private static async Task MeasureMemoryAsync(BenchContext context, string name, Func<RecordsBench, int, ValueTask> run)
    {
        const int Count = 200_000;
        var table = new KeyTable(new LayoutRegistry(), 20_000_000);
        var bench = new RecordsBench(BenchCatalog.OsNamespace, new NoJournal(), table);
        for (int i = 0; i < Keys; i++)
        {
            await bench.CheckAsync(0, withId: false);
        }
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Count; i++)
        {
            await run(bench, 0);
        }
        foreach (Shard shard in table.Shards)
        {
            // As after a checkpoint.
            shard.DirtyBlocks = [];
        }
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        context.Add(new("memory", $"{name}, {Count:N0} of them on {Keys:N0} keys", "each", (double)bytes / Count, "B"));
        GC.KeepAlive(bench);
    }

    /// <summary>Nanoseconds per operation in the median chunk.</summary>
    private async Task<double> MeasureAsync(Func<RecordsBench, int, ValueTask> run, TimeSpan duration)
    {
        var chunks = new List<double>();
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < duration)
        {
            long start = Stopwatch.GetTimestamp();
            await RunTogetherAsync(run);
            chunks.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Together);
            // Nothing is checkpointed here; what is durable may go.
            _journal.Release(_journal.ActiveSegment);
        }
        return Statistics.Median(chunks);
    }

    private async Task RunTogetherAsync(Func<RecordsBench, int, ValueTask> run)
    {
        var waiting = new Task[Together];
        for (int i = 0; i < Together; i++)
        {
            waiting[i] = run(this, i).AsTask();
        }
        await Task.WhenAll(waiting);
    }

    private ValueTask CheckAsync(int slot, bool withId)
    {
        Decision decision = _decisions[slot];
        Span<byte> id = stackalloc byte[sizeof(long) * 2];
        id.Clear();
        _limiter.Begin(Request(id, withId), _limiter.Now(), decision);
        return CompleteAsync(decision);
    }

    private ValueTask ReserveAsync(int slot)
    {
        Decision decision = _decisions[slot];
        Span<byte> id = stackalloc byte[sizeof(long) * 2];
        _limiter.Reserve(Request(id, withId: false), new ReservationTerms(3_600_000, null), _limiter.Now(), decision);
        return CompleteAsync(decision);
    }

    private async ValueTask ReserveAndSettleAsync(int slot)
    {
        string key = Key(_number + 1);
        await ReserveAsync(slot);
        string id = _decisions[slot].Reservation.Id.ToString("x32");
        Require((await _operations.SettleAsync(new SettleInput(_owner, key, id))).ErrorMessage);
    }

    private async ValueTask RefundAsync(int slot)
    {
        _ = slot;
        Require((await _operations.RefundAsync(new RefundInput(_owner, Key(++_number)) { Costs = OneRequest })).ErrorMessage);
    }

    private CheckRequest Request(Span<byte> id, bool withId)
    {
        _number++;
        BinaryPrimitives.WriteInt64LittleEndian(id, _number);
        return new CheckRequest { Namespace = _ownerUtf8, Key = Encoding.UTF8.GetBytes(Key(_number)), Cost = 1, RequestId = withId ? id : default };
    }

    private ValueTask CompleteAsync(Decision decision)
    {
        Require(decision.Allowed ? null : decision.ErrorMessage ?? "refused");
        return _limiter.CompleteAsync(decision);
    }

    private static string Key(long number) => $"customer-key-{number % Keys:D10}";

    private static void Require(string? error)
    {
        if (error is not null)
        {
            throw new InvalidOperationException($"not what is to be measured: {error}");
        }
    }
}
