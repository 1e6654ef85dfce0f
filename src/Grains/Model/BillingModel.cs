using Quota.Grains.Calendar;

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

    public bool Equals(BillingModel? other) => other is not null && Month.Equals(other.Month);

    public override bool Equals(object? obj) => Equals(obj as BillingModel);

    public override int GetHashCode() => Month.GetHashCode();
}
