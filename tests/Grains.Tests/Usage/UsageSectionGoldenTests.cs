using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Grains.Tests.Usage;

/// <summary>The bytes of usage sections and of the layouts that have one, written from the documented form. APPEND-ONLY.</summary>
public sealed class UsageSectionGoldenTests
{
    private static readonly CounterLayout Layout = new(
        [CounterShape.FixedWindow("l", 1_000_000_000)],
        new UsageShape(new BillingModel("Europe/Berlin", 15), ["requests", "tokens"]));

    [Fact]
    public void The_encoding_of_a_layout_with_usage_is_golden()
    {
        const string golden = "0201" + "040000000001000000ca9a3b00000000000000000000000000000000000000006c"
            + "0f0d02" + "4575726f70652f4265726c696e" + "087265717565737473" + "06746f6b656e73";
        Assert.Equal(golden, Convert.ToHexStringLower(Layout.Encoded));
        Assert.True(CounterLayout.TryDecode(Convert.FromHexString(golden), out CounterLayout? decoded));
        Assert.Equal((Layout.Id, 16, 160), (decoded.Id, decoded.UsageOffset, decoded.SizeBytes));
        Assert.Equal(Layout.Usage, decoded.Usage);
    }

    [Fact]
    public void The_encoding_of_the_layout_of_records_is_golden()
    {
        Assert.Equal("0300", Convert.ToHexStringLower(CounterLayout.Record.Encoded));
        Assert.True(CounterLayout.TryDecode([3, 0], out CounterLayout? decoded));
        Assert.True(decoded.IsRecord);
        Assert.Equal((false, true, true), (decoded.Fits(7), decoded.Fits(8), decoded.Fits(60_000)));
        Assert.False(CounterLayout.TryDecode([3, 1], out _));
        Assert.False(CounterLayout.TryDecode([3, 0, 0], out _));
    }

    [Fact]
    public void The_rows_of_a_section_are_golden()
    {
        byte[] block = new byte[Layout.SizeBytes];
        Instant now = Instant.FromUnixMs(1_773_144_000_000);
        UsageSection.Use(Layout, block, 1, 0, 5, false, now);
        UsageSection.Use(Layout, block, 0, 1, 7, true, now);
        UsageSection.NoteRefusal(Layout, block, RefusalColumn.Denied, 0, 1, 3, now);
        UsageSection.NoteRefusal(Layout, block, RefusalColumn.WouldDeny, 1, 1, 4, now);
        Assert.Equal(2, UsageSection.Refund(Layout, block, 1, 0, 2, false));
        Assert.Equal(1, UsageSection.Refund(Layout, block, 0, 1, 1, true));
        string golden = string.Concat(
            "8029d4d49c0100008085fad99c010000",
            "050000000000000000000000000000000200000000000000000000000000000003000000000000000000000000000000",
            "070000000000000007000000000000000100000000000000010000000000000000000000000000000400000000000000",
            "0500000000000000020000000000000003000000000000000400000000000000");
        Assert.Equal(golden, Convert.ToHexStringLower(block.AsSpan(16)));
        Assert.Equal(new byte[16], block[..16]);
    }
}
