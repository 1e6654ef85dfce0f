using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// Grants a lease on a block, as part of a transaction: counts the permits and writes the lease into the book.
/// <para>
/// How many: what the silo will probably need until the lease ends, but on no limit more than its share of what is left, which is one
/// part in (silos + 1): so no silo leaves the others without, and as an amount runs out leases become small until every check
/// is decided in the store. Until when: as long as the namespace says, but never beyond what the permits were counted in, which
/// keeps every window exact (<see cref="Counter.PlaceEndNs"/>).
/// </para>
/// </summary>
internal static class LeaseGrantStep
{
    /// <summary>A silo asks for half as much again as it used: demand is never even.</summary>
    internal const double Headroom = 1.5;

    /// <summary>Grants, if it is worth it.</summary>
    /// <param name="transaction">The step.</param>
    /// <param name="target">The block; takes the grant.</param>
    /// <param name="terms">Who asks, and how many there are.</param>
    /// <param name="checksPerSecond">How often this silo was asked for the block of late.</param>
    /// <param name="reached">Takes thresholds that the permits reach.</param>
    /// <returns>False if a block has to be brought first.</returns>
    public static bool TryGrant(GrainTransaction transaction, LeaseTarget target, LeaseTerms terms, double checksPerSecond, List<ReachedThreshold> reached)
    {
        CheckBlock block = target.Block;
        if (!TryRead(transaction, target, out TransactionBlock? grain, out List<LeaseEntry> leases))
        {
            return false;
        }
        if (grain is null || leases.Count >= Bounds.LeasesPerBlockMax)
        {
            return true;
        }
        Instant now = transaction.Now;
        long endNs = EndNs(block, grain, now);
        if (endNs - now.WindowNs < Bounds.LeaseNsMin)
        {
            return true;
        }
        var permits = new List<LeasePermits>();
        target.Levels.Clear();
        foreach ((int place, LimitModel limit) in block.Limits)
        {
            if (!TrySize(target, grain, place, limit, terms, checksPerSecond, endNs, now, out LeaseTarget.GrainLevel level))
            {
                return true;
            }
            target.Levels[place] = level;
            permits.Add(new LeasePermits(limit.Name, limit.Unit, level.Granted, limit.Match.Count > 0));
        }
        foreach ((int place, LimitModel limit) in block.Limits)
        {
            Count(grain, place, limit, target.Levels[place].Amount, target.Levels[place].Granted, now, reached);
        }
        target.Granted = new LeaseEntry(NewId(now), terms.Holder, terms.Silo, endNs, now, permits);
        transaction.Write(target.BookId, CounterLayout.Record, LeaseBook.Encode([.. leases, target.Granted]));
        return true;
    }

    /// <summary>Reads a block and its leases. False if one of them has to be brought first; the grain is null if permits cannot be counted in it.</summary>
    internal static bool TryRead(GrainTransaction transaction, LeaseTarget target, out TransactionBlock? grain, out List<LeaseEntry> leases)
    {
        leases = [];
        CheckBlock block = target.Block;
        bool isThere = transaction.TryRead(block.Id, out grain);
        bool isBook = transaction.TryRead(target.BookId, out TransactionBlock? book);
        if (transaction.Missing is not null)
        {
            return false;
        }
        CounterLayout plan = block.Limit < 0 ? block.Plan!.Layout : block.Plan!.PerLayout(block.Limit);
        if (!isThere || !grain!.Layout.StartsWith(plan) || (isBook && !LeaseBook.TryDecode(book!.State, out leases)))
        {
            grain = null;
        }
        return true;
    }

    internal static long EndNs(CheckBlock block, TransactionBlock grain, in Instant now)
    {
        long endNs = now.WindowNs + Duration.NsFromMs(block.Owner.Leases.DurationMs);
        foreach ((int place, LimitModel limit) in block.Limits)
        {
            endNs = Math.Min(endNs, Counter.PlaceEndNs(limit.Shape, grain.Layout.Counter(grain.State, place), now));
        }
        if (grain.Layout.Usage is { } usage)
        {
            CalendarPeriod day = usage.Billing.Day.PeriodAt(now.WallMs);
            endNs = Math.Min(endNs, now.WindowNs + Duration.NsFromMs(day.EndMs - now.WallMs));
        }
        return endNs;
    }

    /// <summary>How many permits of a limit. False if they are too few to be worth a lease at all.</summary>
    private static bool TrySize(LeaseTarget target, TransactionBlock grain, int place, LimitModel limit, LeaseTerms terms, double checksPerSecond, long endNs, in Instant now, out LeaseTarget.GrainLevel level)
    {
        ReadOnlySpan<byte> counter = grain.Layout.Counter(grain.State, place);
        Counter.Describe(limit, counter, now, out long amount, out long left, out long resetNs);
        int unit = Array.IndexOf(target.Block.Plan!.Units, limit.Unit);
        double unitsPerSecond = checksPerSecond * target.CostUsual(unit);
        if (target.Closing is { LeaseId: not 0 } before)
        {
            double seconds = Math.Max(now.WindowNs - before.GrantedNs, 1_000_000) / 1e9;
            unitsPerSecond = Math.Max(unitsPerSecond, before.Spent(limit.Name, limit.Unit) / seconds);
        }
        long wanted = (long)Math.Min(unitsPerSecond * Headroom * (endNs - now.WindowNs) / 1e9, Bounds.AmountMax) + target.CostMax(unit);
        long granted = Math.Min(wanted, left / (terms.Silos + 1));
        bool isWorth = granted >= Bounds.LeasePermitsMin * target.CostUsual(unit) && granted >= target.CostMax(unit);
        // A limit that not every check counts on may have run out: such checks go to the store, the others need not.
        bool isOptional = limit.Match.Count > 0 || limit.Mode == LimitMode.Shadow;
        level = new LeaseTarget.GrainLevel(amount, left - (isWorth ? granted : 0), now.WindowNs + resetNs, isWorth ? granted : 0);
        return isWorth || isOptional;
    }

    /// <summary>Counts permits in the grain.</summary>
    internal static void Count(TransactionBlock grain, int place, LimitModel limit, long amount, long permits, in Instant now, List<ReachedThreshold> reached)
    {
        if (permits == 0)
        {
            return;
        }
        Span<byte> counter = grain.Layout.Counter(grain.State.AsSpan(), place);
        long before = Counter.Used(limit.Shape, counter, now);
        Counter.Count(limit.Shape, counter, permits, now);
        grain.MarkWritten();
        uint crossed = limit.Thresholds.Length == 0 ? 0 : Threshold.Reached(limit, amount, before, before + permits);
        if (crossed != 0 && limit.Per.Count == 0)
        {
            reached.Add(new ReachedThreshold(0, limit, crossed, amount, before + permits, []));
        }
    }

    private static long NewId(in Instant now) => (now.WindowNs & ~0xFFFL) | (long)System.Security.Cryptography.RandomNumberGenerator.GetInt32(1, 0x1000);
}
