using System.Text;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Time;

namespace Quota.Bench;

/// <summary>Puts keys into a data directory's store as checkpoints would: each was counted on once. In the order of their ids, which is the fastest.</summary>
internal sealed class StoreFiller(RestartConfig config)
{
    private int _filled;

    public static string Key(int number) => $"customer-key-{number:D10}";

    /// <summary>Fills the store up to this many keys. No silo may run meanwhile.</summary>
    public async Task FillToAsync(int keys)
    {
        Directory.CreateDirectory(config.DataDirectory);
        PlanModel plan = config.LoadCatalog().Namespaces.Values.Single().Plans.Values.Single();
        Instant now = new SystemClock(TimeProvider.System).Now();
        byte[] state = CountedState(now);
        await using var store = new SqliteGrainStore(Path.Combine(config.DataDirectory, "grains.db"));
        await store.SaveLayoutAsync(plan.Layout.Id, plan.Layout.Encoded, CancellationToken.None);
        await store.SaveNumberAsync(Checkpointer.LatestWindowNumber, now.WindowNs, CancellationToken.None);
        var grain = new StoredGrain(plan.Layout.Id, 0, CounterExpiry.ForgetAtNs(plan.Layout, state, now), state);
        byte[] id = new byte[Contracts.Bounds.GrainIdBytesMax];
        var batch = new List<GrainSave>(IGrainStore.SaveBatchMax);
        bool[] saved = new bool[IGrainStore.SaveBatchMax];
        while (_filled < keys)
        {
            batch.Clear();
            while (batch.Count < IGrainStore.SaveBatchMax && _filled < keys)
            {
                int length = GrainId.WriteKey(id, Encoding.UTF8.GetBytes(RestartConfig.Namespace), Encoding.UTF8.GetBytes(Key(_filled++)));
                batch.Add(new GrainSave(id[..length], GrainSave.AnyVersion, grain));
            }
            await store.SaveAsync(batch, saved, CancellationToken.None);
        }
    }

    /// <summary>The block of a key that was counted on once, as the product's own executor leaves it.</summary>
    private byte[] CountedState(in Instant now)
    {
        var table = new KeyTable(new LayoutRegistry(), 1_000);
        var limiter = new Limiter(new CatalogState(config.LoadCatalog()), new LocalExecutor(table, new NoJournal(), null), new SystemClock(TimeProvider.System));
        limiter.Begin(new CheckRequest { Namespace = Encoding.UTF8.GetBytes(RestartConfig.Namespace), Key = Encoding.UTF8.GetBytes(Key(0)), Cost = 1 }, now, new Decision());
        Shard shard = table.Shards.Single(s => s.Count == 1);
        return shard.State(shard.DirtyBlocks[0]).ToArray();
    }
}
