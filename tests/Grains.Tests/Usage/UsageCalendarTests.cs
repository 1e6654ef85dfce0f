using Quota.Grains.Model;
using Quota.Grains.Tests.Support;
using Quota.Grains.Usage;

namespace Quota.Grains.Tests.Usage;

public sealed class UsageCalendarTests
{
    private static readonly BillingModel First = new("Europe/Vienna", 1);
    private static readonly BillingModel Middle = new("Europe/Vienna", 15);

    [Fact]
    public void A_later_anchor_makes_the_running_month_longer()
    {
        // Changed on 5 October.
        UsageMonth october = Counted(First, "2026-10-04", default);
        MonthLabel label = new(2026, 10);
        foreach ((string day, string month) in new[] { ("2026-10-05", "2026-10"), ("2026-10-14", "2026-10"), ("2026-10-15", "2026-10"), ("2026-11-14", "2026-10"), ("2026-11-15", "2026-11") })
        {
            Assert.Equal(month, UsageCalendar.MonthOf(Middle, Start(Middle, day), label, latestIsSealed: false).ToString());
        }
        UsageCalendar.Reach(october, Middle, Day(Middle, "2026-10-14", label));
        Assert.Equal((Ms("2026-10-01T00:00:00+02:00"), Ms("2026-11-01T00:00:00+01:00")), (october.StartMs, october.EndMs));
        UsageCalendar.Reach(october, Middle, Day(Middle, "2026-10-15", label));
        Assert.Equal((Ms("2026-10-01T00:00:00+02:00"), Ms("2026-11-15T00:00:00+01:00")), (october.StartMs, october.EndMs));
    }

    [Fact]
    public void An_earlier_anchor_ends_the_running_month_with_the_day()
    {
        MonthLabel september = Middle.MonthAt(Start(Middle, "2026-10-05"));
        Assert.Equal("2026-09", september.ToString());
        Assert.Equal("2026-10", UsageCalendar.MonthOf(First, Start(First, "2026-10-06"), september, latestIsSealed: false).ToString());
        UsageMonth october = UsageCalendar.Open(First, Day(First, "2026-10-06", new MonthLabel(2026, 10)));
        Assert.Equal(Ms("2026-11-01T00:00:00+01:00"), october.EndMs);
    }

    [Fact]
    public void Nothing_is_counted_in_a_month_that_is_sealed()
    {
        // Quiet since 4 October, sealed on 3 November, then the anchor was moved: by the new calendar 10 November is in October.
        var label = new MonthLabel(2026, 10);
        Assert.Equal("2026-11", UsageCalendar.MonthOf(Middle, Start(Middle, "2026-11-10"), label, latestIsSealed: true).ToString());
        UsageMonth november = UsageCalendar.Open(Middle, Day(Middle, "2026-11-10", label.Next));
        Assert.Equal((Ms("2026-11-10T00:00:00+01:00"), Ms("2026-12-15T00:00:00+01:00")), (november.StartMs, november.EndMs));
    }

    [Fact]
    public void Months_never_go_back_and_cover_their_days_whatever_changes() => Seeded.ForEach(200, random =>
    {
        var months = new SortedDictionary<MonthLabel, UsageMonth>();
        var billing = new BillingModel("UTC", 1);
        long wallMs = Ms("2026-01-10T00:00:00Z");
        long dayEndMs = 0;
        MonthLabel latest = default;
        for (int i = 0; i < 120; i++)
        {
            if (random.Next(10) == 0)
            {
                billing = new BillingModel(random.Pick("UTC", "Europe/Vienna", "Asia/Tokyo", "America/New_York"), random.Next(1, 32));
            }
            wallMs += random.NextInt64(1, random.Next(8) == 0 ? 40L * 86_400_000 : 2L * 86_400_000);
            Grains.Calendar.CalendarPeriod period = billing.Day.PeriodAt(wallMs);
            if (period.StartMs < dayEndMs)
            {
                continue;
            }
            if (latest != default && wallMs >= months[latest].EndMs && random.Next(2) == 0)
            {
                months[latest].Seal(wallMs);
            }
            bool isSealed = latest != default && months[latest].IsSealed;
            MonthLabel month = UsageCalendar.MonthOf(billing, period.StartMs, latest, isSealed);
            Assert.True(month.CompareTo(latest) >= 0);
            var day = new UsageDay { StartMs = period.StartMs, EndMs = period.EndMs, Day = billing.DayAt(period.StartMs), Month = month };
            day.Units.Add(new UnitCounts("requests", 1));
            if (months.TryGetValue(month, out UsageMonth? record))
            {
                Assert.False(record.IsSealed);
                UsageCalendar.Reach(record, billing, day);
            }
            else
            {
                months.Add(month, record = UsageCalendar.Open(billing, day));
            }
            record.Add(day);
            Assert.True(record.StartMs <= day.StartMs && record.EndMs >= day.EndMs);
            (latest, dayEndMs) = (month, period.EndMs);
        }
        Assert.All(months.Values, m => Assert.InRange(m.EndMs - m.StartMs, 1, 66L * 86_400_000));
    });

    [Fact]
    public void A_record_is_kept_for_its_retention_after_the_seal()
    {
        var now = new Instant(1_000_000_000_000, 5_000);
        Assert.Equal(now.WindowNs + ((100 + 20 + (2 * 31L * 86_400_000) - 5_000) * 1_000_000), UsageCalendar.ForgetAtNs(100, 20, 2, now));
        Assert.Equal(now.WindowNs, UsageCalendar.ForgetAtNs(100, 20, 0, now));
        Assert.False(UsageCalendar.IsForgotten(100, 20, 1, 120 + (31L * 86_400_000) - 1));
        Assert.True(UsageCalendar.IsForgotten(100, 20, 1, 120 + (31L * 86_400_000)));
    }

    [Theory]
    [InlineData("UTC", "2026-10-05", "2026-10-05T00:00:00Z")]
    [InlineData("Pacific/Kiritimati", "2026-10-05", "2026-10-05T00:00:00+14:00")]
    [InlineData("Pacific/Pago_Pago", "2026-10-05", "2026-10-05T00:00:00-11:00")]
    [InlineData("Europe/Vienna", "2026-03-29", "2026-03-29T00:00:00+01:00")]
    [InlineData("Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00+03:00")]
    public void A_date_begins_at_local_midnight_or_after_the_gap(string zone, string date, string at)
    {
        var billing = new BillingModel(zone, 1);
        Assert.Equal(Ms(at), billing.StartOfDayMs(DayNumber(date)));
        Assert.Equal(DayNumber(date), billing.DayAt(Ms(at)));
    }

    private static UsageMonth Counted(BillingModel billing, string day, MonthLabel latest)
    {
        MonthLabel month = UsageCalendar.MonthOf(billing, Start(billing, day), latest, false);
        return UsageCalendar.Open(billing, Day(billing, day, month));
    }

    private static UsageDay Day(BillingModel billing, string date, MonthLabel month)
    {
        Grains.Calendar.CalendarPeriod period = billing.Day.PeriodAt(Start(billing, date));
        return new UsageDay { StartMs = period.StartMs, EndMs = period.EndMs, Day = DayNumber(date), Month = month };
    }

    private static long Start(BillingModel billing, string date) => billing.StartOfDayMs(DayNumber(date));

    private static int DayNumber(string date) => DateOnly.Parse(date, null).DayNumber - new DateOnly(1970, 1, 1).DayNumber;

    private static long Ms(string time) => DateTimeOffset.Parse(time, null).ToUnixTimeMilliseconds();
}
