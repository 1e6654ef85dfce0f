using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>Units, over-run policies, concurrency limits and the terms of quotas: what a valid file becomes, and that a change of one is seen.</summary>
public sealed class LimitFieldTests
{
    private const string Yaml =
        """
        namespaces:
          a:
            plans:
              p:
                units: [bytes, tokens.out]
                limits:
                  - { name: calls, concurrency: { amount: 5 } }
                  - { name: tokens, unit: tokens.in, overrun: refuse, rate: { amount: 10, period: 1m } }
                  - { name: out, unit: tokens.out, rate: { amount: 10, period: 1m } }
                  - { name: month, overrun: cap, quota: { amount: 100, period: month, initial_offset: 7, rollover_max: 30, thresholds: [80, 100] } }
                  - { name: day, quota: { amount: 100, period: day, time_zone: Asia/Tokyo } }
                  - { name: third, quota: { amount: 100, period: month, anchor_day: 3 } }
        """;

    [Fact]
    public void Every_field_is_read()
    {
        PlanModel plan = Plan(Yaml);
        var month = new CalendarRule(CalendarUnit.Month);
        LimitModel[] limits =
        [
            LimitModel.Concurrency("calls", 5),
            LimitModel.SlidingWindow("tokens", 10, 60_000_000_000, unit: "tokens.in", overrun: OverrunPolicy.Refuse),
            LimitModel.SlidingWindow("out", 10, 60_000_000_000, unit: "tokens.out"),
            LimitModel.Quota("month", 100, month, overrun: OverrunPolicy.Cap, terms: new QuotaTerms { InitialOffset = 7, RolloverMax = 30, Thresholds = [80, 100], InheritsZone = true, InheritsAnchorDay = true }),
            LimitModel.Quota("day", 100, new CalendarRule(CalendarUnit.Day, "Asia/Tokyo")),
            LimitModel.Quota("third", 100, new CalendarRule(CalendarUnit.Month, anchorDay: 3), terms: new QuotaTerms { InheritsZone = true }),
        ];
        Assert.True(PlanEquality.Same(new PlanModel("p", limits, ["bytes", "tokens.out", "tokens.in"], BillingModel.Utc), plan));
        Assert.Equal(["requests", "bytes", "tokens.out", "tokens.in"], plan.Units);
    }

    [Theory]
    [InlineData("amount: 5", "amount: 6")]
    [InlineData("unit: tokens.in", "unit: tokens.all")]
    [InlineData("overrun: refuse", "overrun: count")]
    [InlineData("initial_offset: 7", "initial_offset: 8")]
    [InlineData("rollover_max: 30", "rollover_max: 31")]
    [InlineData("[80, 100]", "[80, 90]")]
    [InlineData("units: [bytes, tokens.out]", "units: [tokens.out, bytes]")]
    [InlineData(", anchor_day: 3", ", anchor_day: 3, time_zone: UTC")]
    [InlineData(", anchor_day: 3", "")]
    public void A_change_of_a_field_is_a_change_of_the_plan(string from, string to)
    {
        Assert.Contains(from, Yaml, StringComparison.Ordinal);
        Assert.True(PlanEquality.Same(Plan(Yaml), Plan(Yaml)));
        Assert.False(PlanEquality.Same(Plan(Yaml), Plan(Yaml.Replace(from, to, StringComparison.Ordinal))));
    }

    private static PlanModel Plan(string yaml)
    {
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.Empty(result.Errors);
        Assert.True(result.Catalog!.Namespaces.TryGet("a"u8, out NamespaceModel? model));
        Assert.True(model.Plans.TryGet("p"u8, out PlanModel? plan));
        return plan;
    }
}
