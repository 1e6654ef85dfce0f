using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>What a silo needs to take leases: its own table, journal and store, and what works on them.</summary>
internal sealed class LeaseParts
{
    /// <param name="table">Leased blocks, as recovered.</param>
    /// <param name="journal">Keeps what is spent.</param>
    /// <param name="store">The silo's own store, to which its table is checkpointed; null for none.</param>
    /// <param name="terms">Who the silo is.</param>
    /// <param name="silos">How many silos share the store now.</param>
    /// <param name="demandSlots">Counters of recent demand.</param>
    public LeaseParts(KeyTable table, IJournal journal, IGrainStore? store, (long Holder, string Silo) terms, Func<int> silos, int demandSlots = DemandSketch.SlotsDefault)
    {
        Journal = journal;
        var keeper = new DecisionKeeper(table.Layouts, journal);
        var blocks = new LeasedBlocks(table, keeper, new BlockFetcher(table, keeper, store));
        blocks.CloseRecovered();
        Desk = new LeaseDesk(blocks, terms.Holder, terms.Silo, silos, demandSlots);
        Front = new LeaseFront(table, keeper);
        Own = new LocalExecutor(table, journal, store);
    }

    public IJournal Journal { get; }

    public LeaseDesk Desk { get; }

    public LeaseFront Front { get; }

    /// <summary>Decides what belongs to this silo alone: the self-test.</summary>
    public LocalExecutor Own { get; }
}
