using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Tests;

public sealed class ForBillingTests
{
    private static readonly BillingModel Tokyo = new("Asia/Tokyo", 17);

    [Fact]
    public void A_month_follows_zone_and_anchor_and_other_periods_the_zone_only()
    {
        LimitModel month = Quota(CalendarUnit.Month, true, true).ForBilling(Tokyo);
        Assert.Same(Tokyo.Month, month.Shape.Calendar);
        Assert.Equal(new CalendarRule(CalendarUnit.Month, "Asia/Tokyo", 1), Quota(CalendarUnit.Month, true, false).ForBilling(Tokyo).Shape.Calendar);
        Assert.Equal(new CalendarRule(CalendarUnit.Month, "UTC", 17), Quota(CalendarUnit.Month, false, true).ForBilling(Tokyo).Shape.Calendar);
        Assert.Same(Tokyo.Day, Quota(CalendarUnit.Day, true, false).ForBilling(Tokyo).Shape.Calendar);
        Assert.Equal(new CalendarRule(CalendarUnit.Week, "Asia/Tokyo"), Quota(CalendarUnit.Week, true, false).ForBilling(Tokyo).Shape.Calendar);
        Assert.Equal(new CalendarRule(CalendarUnit.Year, "Asia/Tokyo"), Quota(CalendarUnit.Year, true, false).ForBilling(Tokyo).Shape.Calendar);
        Assert.Throws<InvalidOperationException>(() => Quota(CalendarUnit.Week, true, true));
    }

    [Fact]
    public void What_does_not_inherit_or_would_not_change_is_the_same_instance()
    {
        LimitModel[] limits = [Quota(CalendarUnit.Month, false, false), LimitModel.SlidingWindow("s", 1, 1_000_000_000), LimitModel.Concurrency("c", 1)];
        Assert.All(limits, limit => Assert.Same(limit, limit.ForBilling(Tokyo)));
        LimitModel inherits = Quota(CalendarUnit.Month, true, true);
        Assert.Same(inherits, inherits.ForBilling(BillingModel.Utc));
    }

    [Fact]
    public void A_copy_keeps_everything_else()
    {
        var terms = new QuotaTerms { RolloverMax = 5, InitialOffset = 3, Thresholds = [80, 100], InheritsZone = true, InheritsAnchorDay = true };
        AttributeMatch[] match = [new AttributeMatch("route", ["/a"])];
        LimitModel limit = LimitModel.Quota("q", 10, new CalendarRule(CalendarUnit.Month), LimitMode.Shadow, match, ["ip"], "bytes", OverrunPolicy.Refuse, terms);
        LimitModel copy = limit.ForBilling(Tokyo);
        Assert.Equal(CounterShape.ForCalendarCarry("q", Tokyo.Month, 10, 5, 3, "bytes"), copy.Shape);
        Assert.Equal((10L, LimitMode.Shadow, OverrunPolicy.Refuse, true, true), (copy.Capacity, copy.Mode, copy.Overrun, copy.InheritsZone, copy.InheritsAnchorDay));
        Assert.Equal([80, 100], copy.Thresholds);
        Assert.Equal(match, copy.Match);
        Assert.Equal(["ip"], copy.Per);
        // And can be moved on to another billing calendar.
        Assert.Equal(limit.Shape, copy.ForBilling(BillingModel.Utc).Shape);
    }

    private static LimitModel Quota(CalendarUnit unit, bool zone, bool anchorDay) =>
        LimitModel.Quota("q", 10, new CalendarRule(unit), terms: new QuotaTerms { InheritsZone = zone, InheritsAnchorDay = anchorDay });
}
