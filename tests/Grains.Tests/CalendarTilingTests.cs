using Quota.Grains.Calendar;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

/// <summary>Periods tile time: no gap, no overlap, and every instant of a period finds the same one.</summary>
public sealed class CalendarTilingTests
{
    private static readonly long FromMs = new DateTimeOffset(1970, 1, 3, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly long ToMs = new DateTimeOffset(2055, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    [Theory]
    [InlineData("UTC")]
    [InlineData("Europe/Berlin")]
    [InlineData("Europe/Dublin")]
    [InlineData("America/New_York")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("America/Havana")]
    [InlineData("America/St_Johns")]
    [InlineData("Asia/Kolkata")]
    [InlineData("Asia/Beirut")]
    [InlineData("Africa/Cairo")]
    [InlineData("Africa/Casablanca")]
    [InlineData("Africa/Monrovia")]
    [InlineData("Pacific/Apia")]
    [InlineData("Pacific/Kwajalein")]
    [InlineData("Pacific/Chatham")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Antarctica/Troll")]
    public void Periods_tile_time(string zone)
    {
        var random = new Random(1);
        Tile(new CalendarRule(CalendarUnit.Day, zone), random, 0.95, 2);
        Tile(new CalendarRule(CalendarUnit.Week, zone, random.Next(1, 8)), random, 5.9, 7.2);
        foreach (int anchor in (int[])[1, 15, 28, 29, 30, 31])
        {
            Tile(new CalendarRule(CalendarUnit.Month, zone, anchor), random, 26.9, 32);
            Tile(new CalendarRule(CalendarUnit.Year, zone, anchor, random.Next(1, 13)), random, 363, 367);
        }
    }

    [Fact]
    public void Every_instant_of_the_scale_has_a_period() => Seeded.ForEach(2_000, random =>
    {
        CalendarUnit unit = random.Pick(CalendarUnit.Day, CalendarUnit.Week, CalendarUnit.Month, CalendarUnit.Year);
        var rule = new CalendarRule(unit, random.Pick("UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"));
        foreach (long wallMs in (long[])[0, Instant.WallMsMax, random.NextInt64(Instant.WallMsMax)])
        {
            Assert.True(rule.PeriodAt(wallMs).Contains(wallMs));
        }
    });

    private static void Tile(CalendarRule rule, Random random, double daysMin, double daysMax)
    {
        // A second rule remembers nothing that the first one does.
        var other = new CalendarRule(rule.Unit, rule.ZoneId, rule.AnchorDay, rule.AnchorMonth);
        CalendarPeriod period = rule.PeriodAt(FromMs);
        while (period.EndMs < ToMs)
        {
            double days = (period.EndMs - period.StartMs) / 86_400_000.0;
            Assert.True(days >= daysMin - 0.05 && days <= daysMax, $"{rule.ZoneId} {rule.Unit}: {period} has {days} days");
            Assert.Equal(period, other.PeriodAt(period.EndMs - 1));
            Assert.Equal(period, other.PeriodAt(random.NextInt64(period.StartMs, period.EndMs)));
            CalendarPeriod next = rule.PeriodAt(period.EndMs);
            Assert.Equal(period.EndMs, next.StartMs);
            period = next;
        }
    }
}
