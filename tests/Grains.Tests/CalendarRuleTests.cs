using System.Globalization;
using Quota.Grains.Calendar;

namespace Quota.Grains.Tests;

public sealed class CalendarRuleTests
{
    /// <summary>Computed from the zone database by another implementation.</summary>
    [Theory]
    [InlineData("UTC", "2024-02-29", "2024-02-29T00:00Z", 24)]
    [InlineData("Europe/Berlin", "2025-03-30", "2025-03-29T23:00Z", 23)]
    [InlineData("Europe/Berlin", "2025-10-26", "2025-10-25T22:00Z", 25)]
    [InlineData("America/New_York", "2025-03-09", "2025-03-09T05:00Z", 23)]
    [InlineData("America/New_York", "2025-11-02", "2025-11-02T04:00Z", 25)]
    [InlineData("Asia/Kolkata", "2025-06-01", "2025-05-31T18:30Z", 24)]
    // Midnight is skipped: the day begins at 01:00.
    [InlineData("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", 23)]
    [InlineData("America/Asuncion", "2001-10-07", "2001-10-07T04:00Z", 23)]
    [InlineData("Africa/Cairo", "2023-04-28", "2023-04-27T22:00Z", 23)]
    [InlineData("Asia/Beirut", "2022-03-27", "2022-03-26T22:00Z", 23)]
    [InlineData("America/Havana", "2025-03-09", "2025-03-09T05:00Z", 23)]
    // The clock goes back to 23:00 at the stroke of midnight: that hour still belongs to the day before.
    [InlineData("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00Z", 25)]
    [InlineData("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00Z", 24)]
    [InlineData("Africa/Cairo", "2023-10-26", "2023-10-25T21:00Z", 25)]
    [InlineData("Asia/Beirut", "2022-10-29", "2022-10-28T21:00Z", 25)]
    // Midnight comes twice: the first one counts.
    [InlineData("America/Havana", "2025-11-02", "2025-11-02T04:00Z", 25)]
    // The clock is set back across midnight one minute after it: the repeated hour belongs to the new day.
    [InlineData("America/St_Johns", "2006-10-28", "2006-10-28T02:30Z", 24)]
    [InlineData("America/St_Johns", "2006-10-29", "2006-10-29T02:30Z", 25)]
    [InlineData("America/St_Johns", "2006-04-02", "2006-04-02T03:30Z", 23)]
    // Half an hour, and offsets of three quarters.
    [InlineData("Australia/Lord_Howe", "2025-04-06", "2025-04-05T13:00Z", 24.5)]
    [InlineData("Australia/Lord_Howe", "2025-10-05", "2025-10-04T13:30Z", 23.5)]
    [InlineData("Pacific/Chatham", "2025-04-06", "2025-04-05T10:15Z", 25)]
    [InlineData("Pacific/Chatham", "2025-09-28", "2025-09-27T11:15Z", 23)]
    // The zone skips a whole day.
    [InlineData("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", 24)]
    [InlineData("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", 24)]
    [InlineData("Pacific/Kwajalein", "1993-08-20", "1993-08-20T12:00Z", 24)]
    [InlineData("Pacific/Kwajalein", "1993-08-22", "1993-08-21T12:00Z", 24)]
    public void Days(string zone, string day, string start, double hours)
    {
        var rule = new CalendarRule(CalendarUnit.Day, zone);
        long startMs = Ms(start);
        var expected = new CalendarPeriod(startMs, startMs + (long)(hours * 3_600_000));
        Assert.Equal(expected, rule.PeriodAt(startMs));
        Assert.Equal(expected, new CalendarRule(CalendarUnit.Day, zone).PeriodAt(expected.EndMs - 1));
        Assert.Equal(startMs, rule.PeriodAt(startMs - 1).EndMs);
        TimeZoneInfo platform = TimeZoneInfo.FindSystemTimeZoneById(zone);
        DateTime noon = TimeZoneInfo.ConvertTimeFromUtc(DateTimeOffset.FromUnixTimeMilliseconds(startMs + 43_200_000).UtcDateTime, platform);
        Assert.Equal(day, noon.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    [Theory]
    // Anchors beyond the month's end are its last day.
    [InlineData(CalendarUnit.Month, 31, 1, "2025-02-27T23:59Z", "2025-01-31T00:00Z", "2025-02-28T00:00Z")]
    [InlineData(CalendarUnit.Month, 31, 1, "2025-02-28T00:00Z", "2025-02-28T00:00Z", "2025-03-31T00:00Z")]
    [InlineData(CalendarUnit.Month, 31, 1, "2024-03-30T12:00Z", "2024-02-29T00:00Z", "2024-03-31T00:00Z")]
    [InlineData(CalendarUnit.Month, 30, 1, "2024-02-29T00:00Z", "2024-02-29T00:00Z", "2024-03-30T00:00Z")]
    [InlineData(CalendarUnit.Month, 29, 1, "2025-02-28T12:00Z", "2025-02-28T00:00Z", "2025-03-29T00:00Z")]
    [InlineData(CalendarUnit.Month, 28, 1, "2025-02-28T12:00Z", "2025-02-28T00:00Z", "2025-03-28T00:00Z")]
    [InlineData(CalendarUnit.Month, 15, 1, "2025-01-14T23:59Z", "2024-12-15T00:00Z", "2025-01-15T00:00Z")]
    [InlineData(CalendarUnit.Month, 1, 1, "2024-02-29T23:59Z", "2024-02-01T00:00Z", "2024-03-01T00:00Z")]
    [InlineData(CalendarUnit.Year, 29, 2, "2025-02-27T23:59Z", "2024-02-29T00:00Z", "2025-02-28T00:00Z")]
    [InlineData(CalendarUnit.Year, 29, 2, "2027-06-01T00:00Z", "2027-02-28T00:00Z", "2028-02-29T00:00Z")]
    [InlineData(CalendarUnit.Year, 1, 4, "2025-03-31T23:59Z", "2024-04-01T00:00Z", "2025-04-01T00:00Z")]
    [InlineData(CalendarUnit.Year, 31, 12, "2025-12-31T00:00Z", "2025-12-31T00:00Z", "2026-12-31T00:00Z")]
    [InlineData(CalendarUnit.Week, 1, 1, "2025-06-01T23:59Z", "2025-05-26T00:00Z", "2025-06-02T00:00Z")]
    [InlineData(CalendarUnit.Week, 7, 1, "2025-06-01T00:00Z", "2025-06-01T00:00Z", "2025-06-08T00:00Z")]
    [InlineData(CalendarUnit.Week, 3, 1, "2024-03-01T00:00Z", "2024-02-28T00:00Z", "2024-03-06T00:00Z")]
    [InlineData(CalendarUnit.Day, 1, 1, "1970-01-01T00:00Z", "1970-01-01T00:00Z", "1970-01-02T00:00Z")]
    [InlineData(CalendarUnit.Month, 1, 1, "2100-02-28T12:00Z", "2100-02-01T00:00Z", "2100-03-01T00:00Z")]
    public void Anchors(CalendarUnit unit, int anchorDay, int anchorMonth, string at, string start, string end) =>
        Assert.Equal(new CalendarPeriod(Ms(start), Ms(end)), new CalendarRule(unit, "UTC", anchorDay, anchorMonth).PeriodAt(Ms(at)));

    [Theory]
    [InlineData("America/Sao_Paulo", 4, "2018-11-10T12:00Z", "2018-11-04T03:00Z", "2018-12-04T02:00Z")]
    [InlineData("Pacific/Apia", 30, "2012-01-10T12:00Z", "2011-12-30T10:00Z", "2012-01-29T10:00Z")]
    [InlineData("Europe/Berlin", 26, "2025-11-01T12:00Z", "2025-10-25T22:00Z", "2025-11-25T23:00Z")]
    public void Months_that_begin_on_an_irregular_day(string zone, int anchorDay, string at, string start, string end) =>
        Assert.Equal(new CalendarPeriod(Ms(start), Ms(end)), new CalendarRule(CalendarUnit.Month, zone, anchorDay).PeriodAt(Ms(at)));

    [Theory]
    [InlineData("")]
    [InlineData("Nowhere/City")]
    [InlineData("Europe")]
    [InlineData("europe/berlin")]
    [InlineData("../zoneinfo/UTC")]
    [InlineData("/etc/passwd")]
    [InlineData("leapseconds")]
    [InlineData("UTC\0")]
    public void Unknown_zones_are_refused_in_one_way(string zone)
    {
        // A zone that was asked for before must not make another spelling of it known.
        _ = new CalendarRule(CalendarUnit.Day, "Europe/Berlin");
        Assert.Throws<TimeZoneNotFoundException>(() => new CalendarRule(CalendarUnit.Day, zone));
    }

    [Theory]
    [InlineData((CalendarUnit)0, 1, 1)]
    [InlineData((CalendarUnit)5, 1, 1)]
    [InlineData(CalendarUnit.Day, 2, 1)]
    [InlineData(CalendarUnit.Week, 8, 1)]
    [InlineData(CalendarUnit.Month, 0, 1)]
    [InlineData(CalendarUnit.Month, 32, 1)]
    [InlineData(CalendarUnit.Month, 1, 2)]
    [InlineData(CalendarUnit.Year, 1, 13)]
    public void Anchors_out_of_bounds_are_refused(CalendarUnit unit, int anchorDay, int anchorMonth) =>
        Assert.Throws<InvalidOperationException>(() => new CalendarRule(unit, "UTC", anchorDay, anchorMonth));

    [Fact]
    public void Equality_is_that_of_the_definition()
    {
        var rule = new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 3);
        rule.PeriodAt(0);
        Assert.Equal(new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 3), rule);
        Assert.Equal(new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 3).GetHashCode(), rule.GetHashCode());
        Assert.NotEqual(new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 4), rule);
        Assert.NotEqual(new CalendarRule(CalendarUnit.Month, "Europe/Rome", 3), rule);
    }

    private static long Ms(string utc) =>
        DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
}
