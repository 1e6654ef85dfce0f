using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Support;
using Quota.Silo.Time;

namespace Quota.Silo.Tests.Execution;

/// <summary>A decision below the protocols allocates nothing: waist, executor, grain and the append to the real journal.</summary>
public sealed class AllocationTests
{
    private const int Decisions = 50_000;

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(10, false)]
    [InlineData(3, true)]
    public async Task A_decision_allocates_nothing(int limits, bool perValue)
    {
        using var folder = new TempFolder();
        JournalOpening opening = FileJournal.Open(new JournalOptions { Files = new DiskJournalFiles(folder.Path), SegmentBytes = 32 << 20 }, static (_, _) => { });
        Assert.True(opening.IsOpen);
        await using FileJournal journal = opening.Journal;
        var table = new KeyTable(new LayoutRegistry(), 100_000);
        var limiter = new Limiter(new CatalogState(Catalogs.Of("n", [Plan(limits, perValue)])), new LocalExecutor(table, journal, null), new SystemClock(TimeProvider.System));
        byte[][] keys = [.. Enumerable.Range(0, 100).Select(i => System.Text.Encoding.UTF8.GetBytes("key-" + i))];
        var decision = new Decision();
        Run(limiter, keys, decision);
        // A lock allocates once, the first time two threads meet at it; what a decision allocates shows in every run.
        long least = Enumerable.Range(0, 4).Min(_ =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Run(limiter, keys, decision);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.Equal(0, least);
        Assert.Equal(DecisionStatus.Decided, decision.Status);
    }

    private static void Run(Limiter limiter, byte[][] keys, Decision decision)
    {
        ReadOnlySpan<AttributeRange> ranges = [new(0, 2, 2, 8)];
        for (int i = 0; i < Decisions; i++)
        {
            var request = new CheckRequest { Namespace = "n"u8, Key = keys[i % keys.Length], Cost = i % 3, Attributes = new AttributeSet("ip10.0.0.1"u8, ranges) };
            limiter.Begin(request, limiter.Now(), decision);
            Assert.True(decision.Status == DecisionStatus.Decided);
        }
    }

    private static PlanModel Plan(int limits, bool perValue) => new("p", [.. Enumerable.Range(0, limits).Select(i => (i % 3) switch
    {
        0 => LimitModel.SlidingWindow("rate" + i, 1_000_000_000_000, 1_000_000_000, per: perValue ? ["ip"] : null),
        1 => LimitModel.TokenBucket("bucket" + i, 1_000_000_000, 1_000_000_000, 1_000_000_000),
        _ => LimitModel.Quota("year" + i, 1_000_000_000_000, new CalendarRule(CalendarUnit.Year)),
    })]);
}
