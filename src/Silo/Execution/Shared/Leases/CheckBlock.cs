using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>A block that a check counts on.</summary>
/// <param name="Owner">The namespace.</param>
/// <param name="Id">The block's id.</param>
/// <param name="KeyId">Id of the own block of its key.</param>
/// <param name="Plan">The plan in force for the key; null if the block is only looked after.</param>
/// <param name="Limit">The limit whose value block it is; -1 for the key's own block.</param>
/// <param name="Costs">In the units of the plan.</param>
internal sealed record CheckBlock(NamespaceModel Owner, byte[] Id, byte[] KeyId, PlanModel? Plan, int Limit, CostVector Costs)
{
    /// <summary>Layout of the block as a silo leases it.</summary>
    public CounterLayout LeasedLayout => Limit < 0 ? Plan!.Leased.Layout : Plan!.Leased.PerLayout(Limit);

    /// <summary>The limits whose counters are in the block, by their place in it.</summary>
    public IEnumerable<(int Place, LimitModel Limit)> Limits => Limit >= 0
        ? [(0, Plan!.Limits[Limit])]
        : Plan!.Limits.Index().Where(l => l.Item.Per.Count == 0 && l.Item.Shape.Algorithm != LimitAlgorithm.Concurrency);
}
