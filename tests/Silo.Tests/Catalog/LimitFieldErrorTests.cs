using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>Errors in units, over-run policies, concurrency limits and the terms of quotas: the place, the field and what would be right.</summary>
public sealed class LimitFieldErrorTests
{
    private const string Limit = "namespaces.demo.plans.free.limits[0]";

    [Theory]
    [InlineData("{ name: a, rate: { amount: 1, period: 1s }, unit: '' }", 63, Limit + ".unit: has no value")]
    [InlineData("{ name: a, rate: { amount: 1, period: 1s }, unit: ' x' }", 63, Limit + ".unit: \" x\" begins or ends with a blank")]
    [InlineData("{ name: a, rate: { amount: 1, period: 1s }, overrun: none }", 66, Limit + ".overrun: \"none\" is not one of count, cap, refuse")]
    [InlineData("{ name: a, concurrency: { amount: 1 }, overrun: cap }", 61, Limit + ".overrun: a concurrency limit holds nothing any more after a settlement; only a rate or a quota has an over-run")]
    [InlineData("{ name: a, concurrency: { amount: 1, period: 1s } }", 50, Limit + ".concurrency.period: unknown field")]
    [InlineData("{ name: a, concurrency: {} }", 37, Limit + ".concurrency.amount: is required")]
    [InlineData("{ name: a, concurrency: { amount: -1 } }", 47, Limit + ".concurrency.amount: \"-1\" is not a whole number (examples: 10000, 10_000)")]
    [InlineData("{ name: a, concurrency: { amount: 1 }, rate: { amount: 1, period: 1s } }", 37, Limit + ".concurrency: a limit has a rate, a quota or a concurrency, only one of them; make it two limits")]
    [InlineData("{ name: a, rate: { amount: 1, period: 1s, thresholds: [80] } }", 55, Limit + ".rate.thresholds: unknown field")]
    [InlineData("{ name: a, rate: { amount: 1, period: 1s, rollover_max: 1 } }", 55, Limit + ".rate.rollover_max: unknown field")]
    [InlineData("{ name: a, quota: { amount: 1, period: day, thresholds: 80 } }", 69, Limit + ".quota.thresholds: is a single value, but must be a list of percents (example: [80, 100])")]
    [InlineData("{ name: a, quota: { amount: 1, period: day, thresholds: [80, 80] } }", 74, Limit + ".quota.thresholds[1]: 80 is not above 80: thresholds are ascending")]
    [InlineData("{ name: a, quota: { amount: 1, period: day, thresholds: [1001] } }", 70, Limit + ".quota.thresholds[0]: 1001 is out of bounds: must be from 1 to 1000")]
    [InlineData("{ name: a, quota: { amount: 1, period: day, thresholds: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }", 69, Limit + ".quota.thresholds: has 9 values: must have at most 8")]
    [InlineData("{ name: a, quota: { amount: 1, period: day, initial_offset: -5 } }", 73, Limit + ".quota.initial_offset: \"-5\" is not a whole number (examples: 10000, 10_000)")]
    [InlineData("{ name: a, quota: { amount: 1, period: day, rollover_max: 1000000000000001 } }", 71, Limit + ".quota.rollover_max: 1000000000000001 is out of bounds: must be from 0 to 1000000000000000")]
    public void Says_where_and_what(string limit, int column, string expected)
    {
        ConfigResult result = ConfigLoader.Parse($"namespaces:\n  demo:\n    plans:\n      free:\n        limits:\n          - {limit}\n", "quota.yaml");
        Assert.Equal($"quota.yaml:6:{column}: {expected}", Assert.Single(result.Errors).ToString());
    }

    [Theory]
    [InlineData("[requests]", "\"requests\" are metered without being named")]
    [InlineData("[a, a]", "[1]: \"a\" is given twice")]
    [InlineData("[a, b, c, d, e, f, g, h]", "has 8 values: must have 1 to 7")]
    [InlineData("[a, b, c, d, e, f]", "the plan and its limits name 8 units (\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"x\", \"y\"): must be at most 7 besides requests")]
    public void Says_what_is_wrong_with_units(string units, string expected)
    {
        ConfigResult result = ConfigLoader.Parse(
            $$"""
            namespaces:
              demo:
                plans:
                  free:
                    units: {{units}}
                    limits:
                      - { name: a, unit: x, rate: { amount: 1, period: 1s } }
                      - { name: b, unit: y, rate: { amount: 1, period: 1s } }
            """,
            "quota.yaml");
        string error = Assert.Single(result.Errors).ToString();
        Assert.StartsWith("quota.yaml:5:", error, StringComparison.Ordinal);
        Assert.Contains("namespaces.demo.plans.free.units", error, StringComparison.Ordinal);
        Assert.EndsWith(expected, error, StringComparison.Ordinal);
    }
}
