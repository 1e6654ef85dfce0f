using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class PlanModelTests
{
    private static readonly PlanModel Plan = new("plan",
    [
        Limit("all"),
        Limit("posts", match: [new AttributeMatch("method", ["POST"])]),
        Limit("per-ip", per: ["ip"]),
        Limit("api-posts", match: [new AttributeMatch("method", ["POST", "PUT"]), new AttributeMatch("route", ["/api/*"])]),
        Limit("trial", LimitMode.Shadow),
    ]);

    [Theory]
    [InlineData(0b10101u)]
    [InlineData(0b10101u, "method=GET", "route=/api/x")]
    [InlineData(0b10111u, "method=POST", "route=/other")]
    [InlineData(0b11111u, "method=POST", "route=/api/x")]
    [InlineData(0b11101u, "method=PUT", "route=/api/x")]
    public void Applicable_limits_are_those_whose_conditions_all_hold(uint expected, params string[] attributes) =>
        Assert.Equal(expected, Plan.Applicable(new Attributes(attributes).Set));

    [Fact]
    public void Limits_with_per_have_blocks_of_their_own()
    {
        Assert.Equal(0b00100u, Plan.PerMask);
        Assert.Equal(0b10000u, Plan.ShadowMask);
        Assert.Equal(0b11111u, Plan.AllMask);
        Assert.Equal(["all", "posts", "per-ip", "api-posts", "trial"], Plan.Layout.Shapes.Select(s => s.LimitName));
        Assert.Equal([0, 16, 32, 32, 48], Enumerable.Range(0, 5).Select(Plan.Offset));
        Assert.Equal("per-ip", Assert.Single(Plan.PerLayout(2).Shapes).LimitName);
        Assert.Equal((LimitAlgorithm.PerValue, 0), (Plan.Layout.Shapes[2].Algorithm, Plan.Layout.Shapes[2].SizeBytes));
    }

    [Theory]
    [InlineData(0, 0u)]
    [InlineData(1, 1u)]
    [InlineData(31, 0x7fffffffu)]
    [InlineData(32, 0xffffffffu)]
    public void The_mask_of_all_limits_has_one_bit_each(int limits, uint expected) =>
        Assert.Equal(expected, new PlanModel("plan", [.. Enumerable.Range(0, limits).Select(i => Limit($"limit-{i}"))]).AllMask);

    [Fact]
    public void Bounds_are_checked()
    {
        Assert.Throws<InvalidOperationException>(() => new PlanModel("plan", [Limit("same"), Limit("same")]));
        Assert.Throws<InvalidOperationException>(() => new PlanModel("plan", [.. Enumerable.Range(0, 33).Select(i => Limit($"limit-{i}"))]));
        Assert.Throws<InvalidOperationException>(() => Limit(""));
        Assert.Throws<InvalidOperationException>(() => Limit(new string('x', Bounds.NameBytesMax + 1)));
        Assert.Throws<InvalidOperationException>(() => LimitModel.FixedWindow("l", -1, 1_000_000_000));
        Assert.Throws<InvalidOperationException>(() => LimitModel.FixedWindow("l", Bounds.AmountMax + 1, 1_000_000_000));
        Assert.Throws<InvalidOperationException>(() => LimitModel.Weighted("l", 1, Bounds.PeriodNsMin - 1));
        Assert.Throws<InvalidOperationException>(() => LimitModel.SlidingWindow("l", 1, Bounds.PeriodNsMax + 1));
        Assert.Throws<InvalidOperationException>(() => LimitModel.SlidingWindow("l", 1, 1_000_000_000, Bounds.BucketsMax + 1));
        Assert.Throws<InvalidOperationException>(() => LimitModel.TokenBucket("l", 1, Bounds.PeriodNsMax, 11));
        Assert.Throws<InvalidOperationException>(() => new Instant(-1, 0));
        Assert.Throws<InvalidOperationException>(() => Instant.FromUnixMs(Instant.WallMsMax + 1));
        Assert.Throws<InvalidOperationException>(() => default(Instant) with { WindowNs = Instant.WindowNsMax + 1 });
    }

    private static LimitModel Limit(string name, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null) =>
        LimitModel.FixedWindow(name, 10, 1_000_000_000, mode, match, per);
}
