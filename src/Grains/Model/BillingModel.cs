using Quota.Grains.Calendar;
using Quota.Grains.Usage;

namespace Quota.Grains.Model;

/// <summary>
/// The calendar a key is billed by: months from an anchor day in a time zone, and the zone's days. Immutable; two are equal if
/// they define the same months.
/// </summary>
public sealed class BillingModel : IEquatable<BillingModel>
{
    /// <summary>Months of the calendar in UTC.</summary>
    public static readonly BillingModel Utc = new("UTC", 1);

    /// <param name="zoneId">IANA time zone.</param>
    /// <param name="anchorDay">Day of the month at which months begin, 1 to 31; in a shorter month its last day.</param>
    /// <exception cref="TimeZoneNotFoundException">The zone is not known on this machine.</exception>
    public BillingModel(string zoneId, int anchorDay)
    {
        Month = new CalendarRule(CalendarUnit.Month, zoneId, anchorDay);
        Day = new CalendarRule(CalendarUnit.Day, zoneId);
    }

    public CalendarRule Month { get; }

    public CalendarRule Day { get; }

    public string ZoneId => Month.ZoneId;

    public int AnchorDay => Month.AnchorDay;

    /// <summary>The local date at an instant, in days since 1970-01-01.</summary>
    public int DayAt(long wallMs) => Day.DateAt(wallMs).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    /// <summary>The name of the month that contains an instant.</summary>
    public MonthLabel MonthAt(long wallMs)
    {
        DateOnly start = Month.DateAt(Month.PeriodAt(wallMs).StartMs);
        return new MonthLabel(start.Year, start.Month);
    }

    /// <summary>The start of a local date, in days since 1970-01-01.</summary>
    public long StartOfDayMs(int day)
    {
        // Noon in UTC is within this or a neighbouring local day.
        const long DayMs = 86_400_000;
        CalendarPeriod period = Day.PeriodAt((day * DayMs) + (DayMs / 2));
        while (DayAt(period.StartMs) < day)
        {
            period = Day.PeriodAt(period.EndMs);
        }
        while (DayAt(period.StartMs - 1) >= day)
        {
            period = Day.PeriodAt(period.StartMs - 1);
        }
        return period.StartMs;
    }

    /// <summary>The month of this name.</summary>
    public CalendarPeriod PeriodOf(MonthLabel label)
    {
        int day = Math.Min(AnchorDay, DateTime.DaysInMonth(label.Year, label.Month));
        // Noon in UTC is within the first two local days of the month in every zone.
        return Month.PeriodAt((long)(new DateTime(label.Year, label.Month, day, 12, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalMilliseconds);
    }

    public bool Equals(BillingModel? other) => other is not null && Month.Equals(other.Month);

    public override bool Equals(object? obj) => Equals(obj as BillingModel);

    public override int GetHashCode() => Month.GetHashCode();
}
