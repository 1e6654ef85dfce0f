namespace Quota.Grains.Calendar;

/// <summary>
/// Which calendar period an instant belongs to: a day, week, month or year of an IANA time zone, starting at local midnight of
/// its anchor. Where the zone skips that midnight (a DST gap) the period starts at the first instant after the gap; where
/// midnight comes twice it starts at the first.
/// <para>Two rules are equal if they define the same periods; the remembered period does not count.</para>
/// </summary>
public sealed class CalendarRule : IEquatable<CalendarRule>
{
    private readonly TimeZoneInfo _zone;

    /// <summary>The period asked for last: nearly every decision falls into it. Swapped by reference.</summary>
    private volatile CalendarPeriod? _recent;

    /// <param name="unit">Length of the period.</param>
    /// <param name="zoneId">IANA time zone.</param>
    /// <param name="anchorDay">Week: 1 (Monday) to 7. Month and year: day of the month, 1 to 31; in a shorter month its last day. Day: 1.</param>
    /// <param name="anchorMonth">Year: its first month, 1 to 12. Otherwise 1.</param>
    /// <exception cref="TimeZoneNotFoundException">The zone is not known on this machine.</exception>
    public CalendarRule(CalendarUnit unit, string zoneId = "UTC", int anchorDay = 1, int anchorMonth = 1)
    {
        Invariant.Check(unit is >= CalendarUnit.Day and <= CalendarUnit.Year);
        Invariant.Check(anchorDay >= 1 && anchorDay <= AnchorDayMax(unit));
        Invariant.Check(anchorMonth >= 1 && anchorMonth <= (unit == CalendarUnit.Year ? 12 : 1));
        Unit = unit;
        ZoneId = zoneId;
        AnchorDay = anchorDay;
        AnchorMonth = anchorMonth;
        _zone = TimeZoneInfo.FindSystemTimeZoneById(zoneId);
    }

    public CalendarUnit Unit { get; }

    public string ZoneId { get; }

    public int AnchorDay { get; }

    public int AnchorMonth { get; }

    /// <summary>Largest anchor day of a unit.</summary>
    public static int AnchorDayMax(CalendarUnit unit) => unit switch
    {
        CalendarUnit.Day => 1,
        CalendarUnit.Week => 7,
        _ => 31,
    };

    /// <summary>The period that contains <paramref name="wallMs"/>. Allocates only when the period changes.</summary>
    public CalendarPeriod PeriodAt(long wallMs)
    {
        CalendarPeriod? recent = _recent;
        if (recent is not null && recent.Contains(wallMs))
        {
            return recent;
        }
        CalendarPeriod period = Compute(wallMs);
        Invariant.Check(period.Contains(wallMs));
        _recent = period;
        return period;
    }

    public bool Equals(CalendarRule? other) =>
        other is not null && Unit == other.Unit && AnchorDay == other.AnchorDay && AnchorMonth == other.AnchorMonth
        && string.Equals(ZoneId, other.ZoneId, StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as CalendarRule);

    public override int GetHashCode() => HashCode.Combine(Unit, AnchorDay, AnchorMonth, ZoneId);

    private CalendarPeriod Compute(long wallMs)
    {
        DateTime utc = DateTime.UnixEpoch.AddMilliseconds(wallMs);
        // 1. The period whose first local day is at or before the local date of the instant.
        DateTime start = StartDay(TimeZoneInfo.ConvertTimeFromUtc(utc, _zone).Date);
        // 2. An instant inside a repeated or skipped midnight can stand on the other side of the boundary than its local date says.
        long startMs = ToUnixMs(start);
        if (wallMs < startMs)
        {
            start = Step(start, -1);
            startMs = ToUnixMs(start);
        }
        DateTime end = Step(start, 1);
        long endMs = ToUnixMs(end);
        if (wallMs >= endMs)
        {
            (startMs, endMs) = (endMs, ToUnixMs(Step(end, 1)));
        }
        return new CalendarPeriod(startMs, endMs);
    }

    private DateTime StartDay(DateTime day)
    {
        switch (Unit)
        {
            case CalendarUnit.Day:
                return day;
            case CalendarUnit.Week:
                int isoDay = day.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)day.DayOfWeek;
                return day.AddDays(-((isoDay - AnchorDay + 7) % 7));
            case CalendarUnit.Month:
                DateTime month = Clamped(day.Year, day.Month);
                return month <= day ? month : Step(month, -1);
            default:
                DateTime year = Clamped(day.Year, AnchorMonth);
                return year <= day ? year : Step(year, -1);
        }
    }

    private DateTime Step(DateTime start, int periods)
    {
        switch (Unit)
        {
            case CalendarUnit.Day:
                return start.AddDays(periods);
            case CalendarUnit.Week:
                return start.AddDays(7 * periods);
            default:
                DateTime first = new DateTime(start.Year, start.Month, 1).AddMonths(Unit == CalendarUnit.Month ? periods : 12 * periods);
                return Clamped(first.Year, first.Month);
        }
    }

    private DateTime Clamped(int year, int month) =>
        new(year, month, Math.Min(AnchorDay, DateTime.DaysInMonth(year, month)));

    private long ToUnixMs(DateTime localMidnight)
    {
        DateTime local = localMidnight;
        // A gap is at most a day long (Samoa skipped one); it is left in steps of a quarter of an hour, which every zone's offsets are multiples of.
        for (int i = 0; _zone.IsInvalidTime(local); i++)
        {
            Invariant.Check(i <= 25 * 4);
            local = local.AddMinutes(15);
        }
        TimeSpan offset = _zone.IsAmbiguousTime(local) ? _zone.GetAmbiguousTimeOffsets(local).Max() : _zone.GetUtcOffset(local);
        return (long)(local - offset - DateTime.UnixEpoch).TotalMilliseconds;
    }
}
