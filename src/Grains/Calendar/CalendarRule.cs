namespace Quota.Grains.Calendar;

/// <summary>
/// Which calendar period an instant belongs to: a day, week, month or year of an IANA time zone, from local midnight of its
/// anchor. A period starts at the first instant at which the local clock shows that midnight or later: after the gap where the
/// zone skips midnight, at the first of the two where midnight comes twice.
/// <para>Two rules are equal if they define the same periods; the remembered period does not count.</para>
/// </summary>
public sealed class CalendarRule : IEquatable<CalendarRule>
{
    /// <summary>No zone is farther from UTC than this, so a local midnight happens within this distance of the same time in UTC.</summary>
    private static readonly TimeSpan OffsetMax = TimeSpan.FromHours(15);

    /// <summary>
    /// Only a zone that crosses the date line, and so skips a day, ever moves ahead of UTC by as much; since 1970 none has skipped
    /// more than one.
    /// </summary>
    private static readonly TimeSpan DatelineStep = TimeSpan.FromHours(20);

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
        _zone = CalendarZone.Find(zoneId);
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

    /// <summary>The local date at an instant.</summary>
    public DateOnly DateAt(long wallMs) => DateOnly.FromDateTime(Local(Utc(wallMs)));

    /// <summary>How many periods lie between two starts of periods. A day that the zone skips is no period.</summary>
    /// <param name="fromMs">Start of a period.</param>
    /// <param name="toMs">Start of the same or a later period.</param>
    public long PeriodsBetween(long fromMs, long toMs)
    {
        if (fromMs == toMs)
        {
            return 0;
        }
        DateTime fromUtc = Utc(fromMs), toUtc = Utc(toMs);
        DateTime from = StartDay(Local(fromUtc).Date), to = StartDay(Local(toUtc).Date);
        int months = ((to.Year - from.Year) * 12) + to.Month - from.Month;
        return Unit switch
        {
            CalendarUnit.Day => (to - from).Days - (_zone.GetUtcOffset(toUtc) - _zone.GetUtcOffset(fromUtc) >= DatelineStep ? 1 : 0),
            CalendarUnit.Week => (to - from).Days / 7,
            CalendarUnit.Month => months,
            _ => to.Year - from.Year,
        };
    }

    /// <summary>The start of the period that is <paramref name="periods"/> after another; false if it is beyond the scale of instants.</summary>
    /// <param name="fromMs">Start of a period.</param>
    /// <param name="periods">At least 0.</param>
    /// <param name="startMs">The start of the later one.</param>
    public bool TryStartAfter(long fromMs, long periods, out long startMs)
    {
        startMs = 0;
        if (periods > (Instant.WallMsMax - Math.Max(0, fromMs)) / ShortestMs(Unit))
        {
            return false;
        }
        DateTime from = StartDay(Local(Utc(fromMs)).Date);
        startMs = StartMs(Step(from, (int)periods));
        if (PeriodsBetween(fromMs, startMs) < periods)
        {
            startMs = StartMs(Step(from, (int)periods + 1));
        }
        return startMs <= Instant.WallMsMax;
    }

    public bool Equals(CalendarRule? other) =>
        other is not null && Unit == other.Unit && AnchorDay == other.AnchorDay && AnchorMonth == other.AnchorMonth
        && string.Equals(ZoneId, other.ZoneId, StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as CalendarRule);

    public override int GetHashCode() => HashCode.Combine(Unit, AnchorDay, AnchorMonth, ZoneId);

    private CalendarPeriod Compute(long wallMs)
    {
        // 1. The last period whose midnight the local clock shows or has passed. It has started: its start is the first such instant.
        DateTime start = StartDay(Local(Utc(wallMs)).Date);
        long startMs = StartMs(start);
        DateTime next = Step(start, 1);
        long endMs = StartMs(next);
        // 2. The clock may have shown a later midnight already and been set back across it; and a day that the zone skips is empty.
        while (wallMs >= endMs)
        {
            next = Step(next, 1);
            (startMs, endMs) = (endMs, StartMs(next));
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

    /// <summary>The first instant at which the local clock shows <paramref name="midnight"/> or later.</summary>
    private long StartMs(DateTime midnight)
    {
        var sameTimeUtc = DateTime.SpecifyKind(midnight, DateTimeKind.Utc);
        DateTime from = sameTimeUtc - OffsetMax;
        TimeSpan offset = _zone.GetUtcOffset(from);
        DateTime start = sameTimeUtc - offset;
        if (_zone.GetUtcOffset(sameTimeUtc + OffsetMax) != offset)
        {
            // The zone changes its offset near this midnight. Every change falls on a whole minute, and only the direction from UTC to
            // local time is a function, so the minutes are tried; it happens a few times a year.
            start = from;
            while (Local(start) < midnight)
            {
                start = start.AddMinutes(1);
            }
        }
        return (start - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond;
    }

    /// <summary>No period of the unit is shorter.</summary>
    private static long ShortestMs(CalendarUnit unit) => unit switch
    {
        CalendarUnit.Day => 22L * 3_600_000,
        CalendarUnit.Week => 5L * 86_400_000,
        CalendarUnit.Month => 26L * 86_400_000,
        _ => 363L * 86_400_000,
    };

    private static DateTime Utc(long wallMs) => DateTime.UnixEpoch.AddMilliseconds(wallMs);

    private DateTime Local(DateTime utc) => DateTime.SpecifyKind(utc + _zone.GetUtcOffset(utc), DateTimeKind.Unspecified);
}
