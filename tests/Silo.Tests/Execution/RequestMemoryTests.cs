using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Execution;

/// <summary>What one key can make a silo remember, and for how long.</summary>
public sealed class RequestMemoryTests
{
    private const int IdsMax = 20;
    private static readonly PlanModel Plan = new("p", [LimitModel.FixedWindow("w", 1_000_000, Bounds.PeriodNsMax)]);

    private readonly ManualClock _clock = new();
    private readonly KeyTable _table = new(new LayoutRegistry(), 1000);
    private readonly Limiter _limiter;

    public RequestMemoryTests()
    {
        var catalog = new CatalogModel([
            new NamespaceModel("n")
            {
                Plans = new Utf8Map<PlanModel>([KeyValuePair.Create("p", Plan)]),
                Keys = new Utf8Map<KeyState>([]),
                DefaultPlan = Plan,
                UnknownKeys = UnknownKeyPolicy.DefaultPlan,
                RequestIdsPerKeyMax = IdsMax,
            },
        ]);
        _limiter = new Limiter(new CatalogState(catalog), new LocalExecutor(_table, new MemoryJournal(), null), _clock);
    }

    [Fact]
    public void A_key_remembers_as_many_request_ids_as_it_may_and_then_refuses_new_ones()
    {
        for (int i = 0; i < IdsMax; i++)
        {
            Assert.True(Check("id" + i).Allowed);
        }
        Assert.Equal(DecisionStatus.Overloaded, Check("one more").Status);
        Assert.True(Check("id0").IsRepeat);
        Assert.Equal(DecisionStatus.Decided, Check("").Status);
        Assert.True(Check("one more", "another key").Allowed);
    }

    [Fact]
    public void An_id_stays_in_memory_for_its_window_however_idle_and_leaves_after_it()
    {
        Check("id");
        Save();
        _clock.AdvanceMs((Bounds.RequestIdWindowNsDefault / 1_000_000) - 2_000);
        Evict();
        Assert.True(Check("id").IsRepeat);
        _clock.AdvanceMs(4_000);
        int before = _table.Count;
        Evict();
        Assert.True(_table.Count < before);
        Assert.False(Check("id").IsRepeat);
    }

    [Fact]
    public void An_id_whose_window_has_passed_is_new_again_even_if_it_is_still_in_memory()
    {
        Check("id");
        _clock.AdvanceMs(Bounds.RequestIdWindowNsDefault / 1_000_000);
        Assert.False(Check("id").IsRepeat);
        Assert.True(Check("id").IsRepeat);
    }

    /// <summary>Marks every block as a checkpoint that has saved it would.</summary>
    private void Save()
    {
        foreach (Shard shard in _table.Shards)
        {
            foreach (int block in shard.DirtyBlocks)
            {
                shard.Entry(block).Flags &= BlockFlags.Pinned;
            }
            shard.DirtyBlocks = [];
        }
    }

    /// <summary>Drops whatever may leave a full table.</summary>
    private void Evict()
    {
        Instant now = _clock.Now();
        foreach (Shard shard in _table.Shards)
        {
            lock (shard.Gate)
            {
                shard.Evict(1000, KeyTable.Seconds(now), KeyTable.Seconds(now));
            }
        }
    }

    private Decision Check(string requestId, string key = "k")
    {
        var decision = new Decision();
        var request = new CheckRequest { Namespace = "n"u8, Key = Encoding.UTF8.GetBytes(key), Cost = 1, RequestId = Encoding.UTF8.GetBytes(requestId) };
        _limiter.Begin(request, _clock.Now(), decision);
        _limiter.CompleteAsync(decision).AsTask().GetAwaiter().GetResult();
        return decision;
    }
}
