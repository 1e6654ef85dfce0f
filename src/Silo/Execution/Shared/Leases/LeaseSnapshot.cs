using Quota.Contracts;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>A leased block at the instant nothing more could be spent from it. Immutable.</summary>
/// <param name="LeaseId">Its lease; 0 if there is none, and only refusals were noted.</param>
/// <param name="Layout">Its layout.</param>
/// <param name="State">Its bytes.</param>
internal sealed record LeaseSnapshot(long LeaseId, CounterLayout Layout, byte[] State)
{
    /// <summary>Permits of a limit that were spent; 0 if the lease had none of it.</summary>
    public long Spent(string limit, string unit)
    {
        int index = Array.FindIndex(Layout.Shapes, s => s.Algorithm == LimitAlgorithm.Lease && s.LimitName == limit && s.Unit == unit);
        return index < 0 ? 0 : LeaseBlock.Limit(Layout, State, index)[LeaseCounter.Spent];
    }

    /// <summary>Whether so much was spent that it was worth it.</summary>
    public bool IsUsed =>
        Array.Exists(Layout.Shapes, s => s.Algorithm == LimitAlgorithm.Lease && Spent(s.LimitName, s.Unit) >= Bounds.LeasePermitsMin)
        || Usage()?.Units.Exists(u => u.Used >= Bounds.LeasePermitsMin) == true;

    /// <summary>Instant at which the permits were granted, on the window scale.</summary>
    public long GrantedNs => LeaseBlock.Head(Layout, State)[LeaseHead.GrantedNs];

    /// <summary>What was used and refused; null if nothing was.</summary>
    public UsageDay? Usage(MonthLabel? month = null) => Layout.Usage is null ? null : UsageSection.Read(Layout, State, month);
}
