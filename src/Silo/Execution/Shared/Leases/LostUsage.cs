using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>What a lost lease counts as if it is to count as used: on each limit its permits, in each unit the least that its unconditional limits agree on.</summary>
internal static class LostUsage
{
    /// <summary>The usage of a lease; null if no unit is certain.</summary>
    public static UsageDay? Of(CheckBlock block, LeaseEntry lease, MonthLabel? month)
    {
        BillingModel billing = BillingOf(block);
        CalendarPeriod period = billing.Day.PeriodAt(lease.GrantedAt.WallMs);
        var day = new UsageDay { StartMs = period.StartMs, EndMs = period.EndMs, Day = billing.DayAt(period.StartMs), Month = month ?? billing.MonthAt(period.StartMs) };
        foreach ((string unit, long units) in Units(lease))
        {
            day.Units.Add(new UnitCounts(unit, Used: units));
        }
        foreach (LeasePermits permits in lease.Permits.Where(p => p.Granted > 0))
        {
            day.Limits.Add(new LimitCounts(permits.Limit, permits.Unit, Used: permits.Granted));
        }
        return day.Units.Count == 0 ? null : day;
    }

    /// <summary>By unit: the most that can have been used of the lease, as far as its limits say.</summary>
    public static IEnumerable<(string Unit, long Units)> Units(LeaseEntry lease) =>
        lease.Permits.Where(p => !p.IsConditional).GroupBy(p => p.Unit).Select(g => (g.Key, g.Min(p => p.Granted))).Where(u => u.Item2 > 0);

    private static BillingModel BillingOf(CheckBlock block)
    {
        Grains.Invariant.Check(GrainId.TryReadKey(block.KeyId, out _, out ReadOnlySpan<byte> key));
        return block.Owner.BillingOf(key);
    }
}
