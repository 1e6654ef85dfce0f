using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// Renews a lease that goes on, as part of a transaction: raises its permits, which are counted like those of a grant, and puts off its end.
/// <para>
/// Safety. The book has the new permits and the new end before the silo does, so what it may spend is always covered; if it never
/// learns of the commit, it goes on with what it knows, and what it did not spend of all of it is given back when the lease is settled.
/// Permits are added only where those of the grant were counted (<see cref="Counter.Place"/>), so that one instant says where they
/// are given back, and the end stays within that bucket, window or period.
/// </para>
/// </summary>
internal static class LeaseRenewStep
{
    /// <summary>Renews, if it is worth it.</summary>
    /// <param name="transaction">The step.</param>
    /// <param name="target">The block; takes the renewed lease.</param>
    /// <param name="live">The lease as the silo has it.</param>
    /// <param name="terms">Who asks, and how many there are.</param>
    /// <param name="reached">Takes thresholds that the permits reach.</param>
    /// <returns>False if a block has to be brought first.</returns>
    public static bool TryRenew(GrainTransaction transaction, LeaseTarget target, LeaseSnapshot live, LeaseTerms terms, List<ReachedThreshold> reached)
    {
        CheckBlock block = target.Block;
        if (!LeaseGrantStep.TryRead(transaction, target, out TransactionBlock? grain, out List<LeaseEntry> leases))
        {
            return false;
        }
        Instant now = transaction.Now;
        int at = leases.FindIndex(l => l.Holder == terms.Holder && l.Id == live.LeaseId);
        if (grain is null || at < 0 || leases[at].EndNs <= now.WindowNs || now.WindowNs - leases[at].GrantedAt.WindowNs >= Bounds.LeaseLifeDurations * Duration.NsFromMs(block.Owner.Leases.DurationMs))
        {
            return true;
        }
        LeaseEntry lease = leases[at];
        long endNs = Math.Max(lease.EndNs, LeaseGrantStep.EndNs(block, grain, now));
        var permits = new List<LeasePermits>(lease.Permits);
        var added = new List<(int Place, LimitModel Limit, long More)>();
        target.Levels.Clear();
        foreach ((int place, LimitModel limit) in block.Limits)
        {
            int entry = permits.FindIndex(p => p.Limit == limit.Name && p.Unit == limit.Unit);
            if (entry < 0 || !TrySize(target, grain, place, limit, lease, live, permits[entry].Granted, terms, endNs, now, out long more))
            {
                return true;
            }
            permits[entry] = permits[entry] with { Granted = permits[entry].Granted + more };
            added.Add((place, limit, more));
        }
        if (added.TrueForAll(a => a.More < Bounds.LeasePermitsMin) && endNs - lease.EndNs < Bounds.LeaseNsMin)
        {
            return true;
        }
        foreach ((int place, LimitModel limit, long more) in added)
        {
            LeaseGrantStep.Count(grain, place, limit, target.Levels[place].Amount, more, now, reached);
        }
        target.Granted = lease with { EndNs = endNs, Permits = permits };
        leases[at] = target.Granted;
        transaction.Write(target.BookId, CounterLayout.Record, LeaseBook.Encode(leases));
        return true;
    }

    /// <summary>How many permits of a limit are added. False if the lease had better end: it is of another bucket, or has far more than it needs.</summary>
    private static bool TrySize(LeaseTarget target, TransactionBlock grain, int place, LimitModel limit, LeaseEntry lease, LeaseSnapshot live, long granted, LeaseTerms terms, long endNs, in Instant now, out long more)
    {
        more = 0;
        ReadOnlySpan<byte> counter = grain.Layout.Counter(grain.State, place);
        if (Counter.Place(limit.Shape, counter, now) != Counter.Place(limit.Shape, new byte[counter.Length], lease.GrantedAt))
        {
            return false;
        }
        Counter.Describe(limit, counter, now, out long amount, out long left, out long resetNs);
        if (granted > 0)
        {
            long spent = live.Spent(limit.Name, limit.Unit);
            double seconds = Math.Max(now.WindowNs - lease.GrantedAt.WindowNs, 1_000_000) / 1e9;
            long cost = target.Block.Costs[Array.IndexOf(target.Block.Plan!.Units, limit.Unit)];
            long wanted = (long)Math.Min(spent / seconds * LeaseGrantStep.Headroom * (endNs - now.WindowNs) / 1e9, Bounds.AmountMax) + cost;
            if (granted - spent > (2 * wanted) + Bounds.LeasePermitsMin)
            {
                return false;
            }
            more = Math.Clamp(wanted - (granted - spent), 0, left / (terms.Silos + 1));
        }
        target.Levels[place] = new LeaseTarget.GrainLevel(amount, left - more, now.WindowNs + resetNs, granted + more);
        return true;
    }
}
