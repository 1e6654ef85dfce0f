using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>Durations, sizes, whole numbers and addresses as people write them.</summary>
public sealed class ConfigTextTests
{
    private const long Ms = 1_000_000;

    [Theory]
    [InlineData("500ms", 500 * Ms)]
    [InlineData("0s", 0)]
    [InlineData("10s", 10_000 * Ms)]
    [InlineData("5m", 300_000 * Ms)]
    [InlineData("1h30m", 5_400_000 * Ms)]
    [InlineData("1d", 86_400_000 * Ms)]
    [InlineData("1d1h1m1s1ms", 90_061_001 * Ms)]
    [InlineData("999999999999999d", long.MaxValue)]
    public void Reads_a_duration(string text, long ns)
    {
        Assert.True(DurationText.TryParse(text, out long actual));
        Assert.Equal(ns, actual);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("10x")]
    [InlineData("10 s")]
    [InlineData("-1s")]
    [InlineData("1.5s")]
    [InlineData("1s1m")]
    [InlineData("1s1s")]
    [InlineData("1S")]
    [InlineData("1min")]
    [InlineData("1000000000000000s")]
    public void Refuses_what_is_no_duration(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Fact]
    public void Writes_a_duration_so_that_it_reads_the_same()
    {
        var random = new Random(17);
        for (int i = 0; i < 1_000; i++)
        {
            long ns = random.NextInt64(0, 400L * 86_400_000) * Ms;
            Assert.True(DurationText.TryParse(DurationText.Format(ns), out long read));
            Assert.Equal(ns, read);
        }
    }

    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("64KiB", 65_536)]
    [InlineData("64 MiB", 67_108_864)]
    [InlineData("4GiB", 4_294_967_296)]
    [InlineData("1_000TiB", 1_099_511_627_776_000)]
    [InlineData("99999999999TiB", long.MaxValue)]
    public void Reads_a_size(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out long actual));
        Assert.Equal(bytes, actual);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("64MB")]
    [InlineData("64M")]
    [InlineData("1.5GiB")]
    [InlineData("-1")]
    public void Refuses_what_is_no_size(string text) => Assert.False(SizeText.TryParse(text, out _));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("10000", 10_000)]
    [InlineData("10_000", 10_000)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775808", long.MaxValue)]
    [InlineData("99999999999999999999999", long.MaxValue)]
    public void Reads_a_whole_number(string text, long value)
    {
        Assert.True(AmountText.TryParse(text, out long actual));
        Assert.Equal(value, actual);
    }

    [Theory]
    [InlineData("")]
    [InlineData("_1")]
    [InlineData("1_")]
    [InlineData("1__0")]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("١")]
    public void Refuses_what_is_no_whole_number(string text) => Assert.False(AmountText.TryParse(text, out _));

    [Theory]
    [InlineData("127.0.0.1:7070", "127.0.0.1:7070")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("[::]:65535", "[::]:65535")]
    public void Reads_an_address(string text, string expected)
    {
        Assert.True(ListenText.TryParse(text, out System.Net.IPEndPoint endPoint));
        Assert.Equal(expected, endPoint.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("7070")]
    [InlineData("1:80")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("::1:80")]
    public void Refuses_what_is_no_address(string text) => Assert.False(ListenText.TryParse(text, out _));
}
