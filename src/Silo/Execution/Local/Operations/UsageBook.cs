using System.Diagnostics.CodeAnalysis;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>
/// Books usage of an earlier instant within a transaction: into the key's section if that instant is in its day, into the record of its
/// month otherwise. A month that is sealed, by its record or by the time, takes nothing: what was used is booked on the running day,
/// what is given back becomes an adjustment.
/// <para>Every member returns false if a block has to be made resident first.</para>
/// </summary>
internal sealed class UsageBook(GrainTransaction transaction, NamespaceModel owner, byte[] keyId)
{
    /// <summary>Adds units that were used.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="units">How many.</param>
    /// <param name="limits">The limits of this unit that count them.</param>
    /// <param name="isRolledUp">A descendant of the key used them.</param>
    /// <param name="at">The instant they belong to.</param>
    public bool TryUse(string unit, long units, IReadOnlyCollection<string> limits, bool isRolledUp, in Instant at)
    {
        if (units == 0 || !TryOpen(out TransactionBlock? block, out BillingModel? billing))
        {
            return transaction.Missing is null;
        }
        Instant bookedAt = IsSealedByTime(billing, at) ? transaction.Now : at;
        // The section first: most of what is booked belongs to the running day, and looking for months asks the store.
        if (block is not null && TryUseSection(block, unit, units, limits, isRolledUp, bookedAt))
        {
            return true;
        }
        if (transaction.Missing is not null
            || !UsageMover.TryOpenMonth(transaction, keyId, billing.MonthAt(bookedAt.WallMs), bookedAt.WallMs, out MonthLabel label, out UsageMonth? month))
        {
            return false;
        }
        UsageDay day = DayOf(billing, bookedAt, label);
        day.Units.Add(new UnitCounts(unit, units, isRolledUp ? units : 0));
        day.Limits.AddRange(limits.Select(l => new LimitCounts(l, unit, units)));
        month ??= UsageCalendar.Open(billing, day);
        UsageCalendar.Reach(month, billing, day);
        month.Add(day);
        UsageMover.WriteMonth(transaction, owner, keyId, label, month);
        return true;
    }

    /// <summary>Gives units back, at most what was used and not given back before.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="units">How many.</param>
    /// <param name="limits">The limits of this unit that counted them.</param>
    /// <param name="isRolledUp">A descendant of the key had used them.</param>
    /// <param name="at">The instant they were used at.</param>
    /// <param name="reason">Why, for an adjustment.</param>
    /// <param name="given">What was given back, and where.</param>
    public bool TryRefund(string unit, long units, IReadOnlyCollection<string> limits, bool isRolledUp, in Instant at, string reason, out BookedRefund given)
    {
        given = new BookedRefund(0, false, null);
        if (!TryOpen(out TransactionBlock? block, out BillingModel? billing))
        {
            return transaction.Missing is null;
        }
        MonthLabel wanted = billing.MonthAt(at.WallMs);
        bool isSealed = IsSealedByTime(billing, at);
        long back = isSealed || block is null ? 0 : RefundSection(block, wanted, unit, units, limits, isRolledUp);
        UsageMonth? month = null;
        if ((isSealed || back < units) && !UsageMover.TryReadMonth(transaction, keyId, wanted, out month))
        {
            return false;
        }
        if (isSealed || month is { IsSealed: true })
        {
            // An adjustment stands beside the key's own month only: a sum over keys must not count it twice.
            return isRolledUp || TryAdjust(wanted, unit, units, reason, out given);
        }
        if (back < units && month is not null)
        {
            long more = month.Refund(unit, units - back, billing.DayAt(at.WallMs), isRolledUp, [.. limits]);
            if (more > 0)
            {
                UsageMover.WriteMonth(transaction, owner, keyId, wanted, month);
                back += more;
            }
        }
        given = new BookedRefund(back, false, wanted);
        return true;
    }

    /// <summary>Gives units of the section's day back; a day of a sealed month is in no section.</summary>
    private static long RefundSection(TransactionBlock block, MonthLabel month, string unit, long units, IReadOnlyCollection<string> limits, bool isRolledUp)
    {
        int index = Array.IndexOf(block.Layout.Usage!.Units, unit);
        if (index < 0 || UsageSection.Read(block.Layout, block.State) is not { } section || section.Month != month)
        {
            return 0;
        }
        long back = UsageSection.Refund(block.Layout, block.State, MaskOf(block.Layout, unit, limits), index, units, isRolledUp);
        if (back > 0)
        {
            block.MarkWritten();
        }
        return back;
    }

    /// <summary>Whether the month of an instant is closed for good at the transaction's instant.</summary>
    public bool IsSealedByTime(BillingModel billing, in Instant at) =>
        transaction.Now.WallMs >= billing.Month.PeriodAt(at.WallMs).EndMs + owner.SealGraceMs;

    private bool TryAdjust(MonthLabel label, string unit, long units, string reason, out BookedRefund given)
    {
        given = new BookedRefund(0, true, label);
        // A day that was not moved yet belongs to the month as well.
        if (!UsageMover.Move(transaction, owner, keyId) || !UsageMover.TryReadMonth(transaction, keyId, label, out UsageMonth? month))
        {
            return false;
        }
        if (month is null)
        {
            return true;
        }
        UnitCounts counts = month.Units.FirstOrDefault(u => string.Equals(u.Unit, unit, StringComparison.Ordinal));
        long back = Math.Clamp(counts.Used - counts.Refunded + month.Adjusted(unit), 0, units);
        if (back == 0)
        {
            return true;
        }
        var adjustment = new UsageAdjustment(UsageMonth.OwnIdPrefix + "refund/" + unit, unit, -back, reason.Length == 0 ? "refunds after the month was sealed" : reason, "quota", transaction.Now.WallMs);
        if (month.Accumulate(adjustment) == AdjustOutcome.Full)
        {
            return true;
        }
        UsageMover.WriteMonth(transaction, owner, keyId, label, month);
        given = new BookedRefund(back, true, label);
        return true;
    }

    /// <summary>The key's block and calendar. False if usage is not kept, or the block has to be made resident first.</summary>
    private bool TryOpen(out TransactionBlock? block, [NotNullWhen(true)] out BillingModel? billing)
    {
        billing = null;
        if (transaction.TryRead(keyId, out block))
        {
            billing = block.Layout.Usage?.Billing;
        }
        else if (transaction.Missing is null)
        {
            // The key's block was forgotten since, with nothing left in it; its months may still be there, under its own calendar.
            Invariant.Check(GrainId.TryReadKey(keyId, out _, out ReadOnlySpan<byte> key));
            billing = owner.BillingOf(key);
        }
        return billing is not null;
    }

    private bool TryUseSection(TransactionBlock block, string unit, long units, IReadOnlyCollection<string> limits, bool isRolledUp, in Instant at)
    {
        (long startMs, long endMs) = UsageSection.Day(block.Layout, block.State);
        int index = Array.IndexOf(block.Layout.Usage!.Units, unit);
        if (index < 0 || (endMs != 0 && at.WallMs < startMs))
        {
            return false;
        }
        if (UsageSection.IsDue(block.Layout, block.State, at) && !UsageMover.Move(transaction, owner, keyId))
        {
            return false;
        }
        UsageSection.Use(block.Layout, block.State, MaskOf(block.Layout, unit, limits), index, units, isRolledUp, at);
        block.MarkWritten();
        return true;
    }

    private static uint MaskOf(CounterLayout layout, string unit, IReadOnlyCollection<string> limits)
    {
        uint mask = 0;
        for (int i = 0; i < Math.Min(layout.Shapes.Length, 32); i++)
        {
            mask |= layout.Shapes[i].Unit == unit && limits.Contains(layout.Shapes[i].LimitName) ? 1u << i : 0;
        }
        return mask;
    }

    private static UsageDay DayOf(BillingModel billing, in Instant at, MonthLabel month)
    {
        CalendarPeriod day = billing.Day.PeriodAt(at.WallMs);
        return new UsageDay { StartMs = day.StartMs, EndMs = day.EndMs, Day = billing.DayAt(at.WallMs), Month = month };
    }
}
