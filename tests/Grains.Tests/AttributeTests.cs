using System.Text;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class AttributeTests
{
    [Theory]
    [InlineData("route", "/a")]
    [InlineData("method", "GET")]
    [InlineData("empty", "")]
    [InlineData("größe", "ß")]
    [InlineData("Route", null)]
    [InlineData("rout", null)]
    [InlineData("", null)]
    public void A_value_is_found_by_its_exact_name(string name, string? expected)
    {
        AttributeSet set = new Attributes("route=/a", "method=GET", "empty=", "größe=ß").Set;
        Assert.Equal(4, set.Count);
        bool found = set.TryGet(Encoding.UTF8.GetBytes(name), out ReadOnlySpan<byte> value);
        Assert.Equal(expected is not null, found);
        Assert.Equal(expected ?? "", Encoding.UTF8.GetString(value));
    }

    [Fact]
    public void An_empty_set_finds_nothing() => Assert.False(default(AttributeSet).TryGet("route"u8, out _));

    [Theory]
    [InlineData("route=/a", true, "/a")]
    [InlineData("route=/a", true, "/b", "/a")]
    [InlineData("route=/ab", false, "/a")]
    [InlineData("route=/", false, "/a")]
    [InlineData("route=/A", false, "/a")]
    [InlineData("route=/ab", true, "/a*")]
    [InlineData("route=/a", true, "/a*")]
    [InlineData("route=/", false, "/a*")]
    [InlineData("route=/b", true, "/a*", "/b*")]
    [InlineData("route=anything", true, "*")]
    [InlineData("route=", true, "*")]
    [InlineData("route=", true, "")]
    [InlineData("route=/a", false, "")]
    [InlineData("method=GET", false, "*")]
    [InlineData("route=/a*b", false, "/a*b*c")]
    [InlineData("route=/a*b", true, "/a*b")]
    [InlineData("route=/axb", false, "/a*b")]
    [InlineData("route=/a*x", true, "/a**")]
    [InlineData("route=straße/1", true, "straße*")]
    public void A_condition_matches_a_value_or_a_prefix(string attribute, bool expected, params string[] values) =>
        Assert.Equal(expected, new AttributeMatch("route", values).Matches(new Attributes("ip=::1", attribute).Set));

    [Fact]
    public void A_condition_keeps_its_own_values()
    {
        List<string> values = ["/a"];
        var condition = new AttributeMatch("route", values);
        values[0] = "/b";
        Assert.Equal(["/a"], condition.Values);
    }
}
