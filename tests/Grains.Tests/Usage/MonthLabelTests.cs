using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;
using Quota.Grains.Usage;

namespace Quota.Grains.Tests.Usage;

public sealed class MonthLabelTests
{
    [Theory]
    [InlineData("2026-10", 202610u)]
    [InlineData("1969-12", 196912u)]
    [InlineData("9998-01", 999801u)]
    public void Text_and_number_name_the_same_month(string text, uint value)
    {
        Assert.True(MonthLabel.TryParse(text, out MonthLabel label));
        Assert.Equal((value, text), (label.Value, label.ToString()));
        Assert.True(MonthLabel.TryFrom(value, out MonthLabel from));
        Assert.Equal(label, from);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026")]
    [InlineData("2026-1")]
    [InlineData("2026-13")]
    [InlineData("2026-00")]
    [InlineData("2026/10")]
    [InlineData("2026-10 ")]
    [InlineData(" 026-10")]
    [InlineData("+026-10")]
    [InlineData("2026-10-01")]
    [InlineData("1968-12")]
    [InlineData("9999-01")]
    [InlineData("２０２６-10")]
    public void Other_texts_name_none(string text) => Assert.False(MonthLabel.TryParse(text, out _));

    [Theory]
    [InlineData(0u)]
    [InlineData(202600u)]
    [InlineData(202613u)]
    [InlineData(196812u)]
    [InlineData(uint.MaxValue)]
    public void Other_numbers_name_none(uint value) => Assert.False(MonthLabel.TryFrom(value, out _));

    [Fact]
    public void Months_follow_each_other()
    {
        var december = new MonthLabel(2026, 12);
        Assert.Equal((new MonthLabel(2027, 1), new MonthLabel(2026, 11)), (december.Next, december.Previous));
        Assert.Equal(december, new MonthLabel(2027, 1).Previous);
        Assert.True(december.CompareTo(december.Next) < 0);
    }

    [Fact]
    public void A_label_names_the_period_it_was_taken_from_in_every_zone_and_anchor() => Seeded.ForEach(400, random =>
    {
        string zone = random.Pick("UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo");
        var billing = new BillingModel(zone, random.Next(1, 32));
        long wallMs = random.NextInt64(new DateTimeOffset(1996, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(), new DateTimeOffset(2060, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds());
        CalendarPeriod period = billing.Month.PeriodAt(wallMs);
        MonthLabel label = billing.MonthAt(wallMs);
        Assert.Equal(period, billing.PeriodOf(label));
        Assert.Equal(label.Next, billing.MonthAt(period.EndMs));
        Assert.Equal(label.Previous, billing.MonthAt(period.StartMs - 1));
    });

    [Theory]
    [InlineData("Europe/Vienna", 31, "2026-02-28T00:00:00+01:00", "2026-02")]
    [InlineData("Europe/Vienna", 31, "2026-03-30T23:59:59+02:00", "2026-02")]
    [InlineData("Europe/Vienna", 15, "2026-01-14T23:00:00+01:00", "2025-12")]
    [InlineData("America/New_York", 1, "2026-10-31T23:59:59-04:00", "2026-10")]
    [InlineData("Asia/Tokyo", 1, "2026-10-31T15:00:00Z", "2026-11")]
    public void A_month_is_named_after_the_local_date_at_which_it_begins(string zone, int anchor, string at, string label) =>
        Assert.Equal(label, new BillingModel(zone, anchor).MonthAt(DateTimeOffset.Parse(at, null).ToUnixTimeMilliseconds()).ToString());

    [Fact]
    public void A_day_is_a_local_date()
    {
        var billing = new BillingModel("Asia/Tokyo", 1);
        long wallMs = DateTimeOffset.Parse("2026-10-31T15:00:00Z", null).ToUnixTimeMilliseconds();
        Assert.Equal(new DateOnly(2026, 11, 1).DayNumber - new DateOnly(1970, 1, 1).DayNumber, billing.DayAt(wallMs));
        Assert.Equal(billing.DayAt(wallMs) - 1, billing.DayAt(wallMs - 1));
    }
}
