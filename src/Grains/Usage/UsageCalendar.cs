using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Usage;

/// <summary>
/// Which month a day of a key belongs to, when that month ends, and how long it is kept, also when the key's billing calendar
/// is changed in mid-month. Usage never goes to a month before the key's latest, nor to one that is sealed; so a change of
/// calendar makes one month longer or shorter, and counts no day twice.
/// </summary>
public static class UsageCalendar
{
    /// <summary>The month a day is counted in.</summary>
    /// <param name="billing">The key's calendar on that day.</param>
    /// <param name="dayStartMs">Start of the day.</param>
    /// <param name="latest">The key's latest month so far; default if it has none.</param>
    /// <param name="latestIsSealed">Whether that one is sealed.</param>
    public static MonthLabel MonthOf(BillingModel billing, long dayStartMs, MonthLabel latest, bool latestIsSealed)
    {
        MonthLabel month = billing.MonthAt(dayStartMs);
        MonthLabel earliest = latestIsSealed ? latest.Next : latest;
        return latest == default || month.CompareTo(earliest) > 0 ? month : earliest;
    }

    /// <summary>A new month that begins with this day.</summary>
    public static UsageMonth Open(BillingModel billing, UsageDay day)
    {
        CalendarPeriod period = billing.PeriodOf(day.Month);
        // A month that was held back or moved on by a change of calendar begins with its first day.
        long startMs = period.Contains(day.StartMs) ? period.StartMs : day.StartMs;
        return new UsageMonth(startMs, Math.Max(period.EndMs, day.EndMs), billing.ZoneId);
    }

    /// <summary>Makes the month reach over this day, which is counted in it: after a change of calendar it may end later or earlier than it was to.</summary>
    public static void Reach(UsageMonth month, BillingModel billing, UsageDay day)
    {
        bool isUsual = billing.MonthAt(day.StartMs) == day.Month;
        long endMs = isUsual ? billing.PeriodOf(day.Month).EndMs : Math.Max(month.EndMs, day.EndMs);
        month.SetPeriod(Math.Min(month.StartMs, day.StartMs), Math.Max(endMs, day.EndMs), billing.ZoneId);
    }

    /// <summary>When a month's record may be forgotten, on the scale of <see cref="Instant.WindowNs"/>: its retention after it is sealed.</summary>
    /// <param name="endMs">End of the month.</param>
    /// <param name="graceMs">Time from there to the seal.</param>
    /// <param name="retentionMonths">Months kept after that; each is taken for 31 days.</param>
    /// <param name="now">Now.</param>
    public static long ForgetAtNs(long endMs, long graceMs, int retentionMonths, in Instant now)
    {
        long leftMs = ForgetAtMs(endMs, graceMs, retentionMonths) - now.WallMs;
        return now.WindowNs + Math.Min(Duration.NsFromMs(Math.Max(leftMs, 0)), long.MaxValue - now.WindowNs);
    }

    /// <summary>Whether a month's record may be gone (<see cref="ForgetAtNs"/>).</summary>
    public static bool IsForgotten(long endMs, long graceMs, int retentionMonths, long nowMs) => nowMs >= ForgetAtMs(endMs, graceMs, retentionMonths);

    private static long ForgetAtMs(long endMs, long graceMs, int retentionMonths)
    {
        Invariant.Check(retentionMonths is >= 0 and <= Bounds.RetentionMonthsMax);
        return endMs + graceMs + (retentionMonths * 31L * 86_400_000);
    }
}
