using System.Text;
using Quota.Silo.Replay;

namespace Quota.Silo.Tests.Replay;

/// <summary>Lines as servers write them, and lines that are none.</summary>
public sealed class AccessLogParserTests
{
    private const string Time = "[17/May/2015:10:05:03 +0000]";

    [Fact]
    public void Reads_the_combined_format()
    {
        byte[] line = Encoding.UTF8.GetBytes($"83.149.9.216 - ada {Time} \"GET /a/b?c=d HTTP/1.1\" 404 203023 \"http://x/\" \"Mozilla/5.0 (X; \\\"Y\\\")\"\r");
        Assert.Null(AccessLogParser.Parse(line, out AccessLogLine parsed));
        Assert.Equal("83.149.9.216", Text(parsed.Client));
        Assert.Equal("ada", Text(parsed.User));
        Assert.Equal(new DateTimeOffset(2015, 5, 17, 10, 5, 3, TimeSpan.Zero).ToUnixTimeMilliseconds(), parsed.UnixMs);
        Assert.Equal("GET", Text(parsed.Method));
        Assert.Equal("/a/b", Text(parsed.Path));
        Assert.Equal((404, "404", 203_023L), (parsed.Status, Text(parsed.StatusText), parsed.Bytes));
        Assert.Equal("http://x/", Text(parsed.Referer));
        Assert.Equal("Mozilla/5.0 (X; \\\"Y\\\")", Text(parsed.UserAgent));
    }

    [Theory]
    [InlineData("\"GET / HTTP/1.0\" 200 -", "GET", "/")]
    [InlineData("\"GET /with blank HTTP/1.0\" 200 5", "GET", "/with blank")]
    [InlineData("\"GET /\" 200 5", "GET", "/")]
    [InlineData("\"M-SEARCH * HTTP/1.1\" 200 5", "M-SEARCH", "*")]
    [InlineData("\"-\" 408 -", "", "")]
    [InlineData("\"\" 400 0", "", "")]
    [InlineData("\"\\x16\\x03\\x01\" 400 0", "", "")]
    [InlineData("\"get / HTTP/1.0\" 400 0", "", "")]
    [InlineData("\"GET / HTTP/1.0\" 200 5 \"-\" \"-\" \"more\" 0.012", "GET", "/")]
    [InlineData("\"GET / HTTP/1.0\" 200 5 \"cut of", "GET", "/")]
    public void Reads_what_the_request_says(string rest, string method, string path)
    {
        Assert.Null(AccessLogParser.Parse(Encoding.UTF8.GetBytes($"::1 - - {Time} {rest}"), out AccessLogLine parsed));
        Assert.Equal((method, path), (Text(parsed.Method), Text(parsed.Path)));
        Assert.True(parsed.User.IsEmpty);
        Assert.True(parsed.UserAgent.IsEmpty);
        Assert.True(parsed.Referer.IsEmpty);
    }

    [Theory]
    [InlineData("[01/Jan/1970:00:00:00 +0000]", 0)]
    [InlineData("[29/Feb/2024:23:59:59 +0000]", 1_709_251_199)]
    [InlineData("[17/May/2015:10:05:03 +0200]", 1_431_849_903)]
    [InlineData("[17/May/2015:10:05:03 -0930]", 1_431_891_303)]
    [InlineData("[31/Dec/2016:23:59:60 +0000]", 1_483_228_800)]
    public void Reads_the_time(string time, long unixSeconds)
    {
        Assert.Null(AccessLogParser.Parse(Encoding.UTF8.GetBytes($"a - - {time} \"GET / HTTP/1.0\" 200 5"), out AccessLogLine parsed));
        Assert.Equal(unixSeconds * 1000, parsed.UnixMs);
    }

    [Theory]
    [InlineData("", "the client's address is missing")]
    [InlineData("- - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 200 5", "the client's address is missing")]
    [InlineData("a - -", "the time is missing")]
    [InlineData("a - - [17/Mai/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 200 5", "the time is not like [17/May/2015:10:05:03 +0000]")]
    [InlineData("a - - [30/Feb/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 200 5", "the time is not like [17/May/2015:10:05:03 +0000]")]
    [InlineData("a - - [17/May/2015:24:05:03 +0000] \"GET / HTTP/1.0\" 200 5", "the time is not like [17/May/2015:10:05:03 +0000]")]
    [InlineData("a - - [17/May/2015:10:05:03 0000] \"GET / HTTP/1.0\" 200 5", "the time is not like [17/May/2015:10:05:03 +0000]")]
    [InlineData("a - - [17/anF/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 200 5", "the time is not like [17/May/2015:10:05:03 +0000]")]
    [InlineData("a - - [17/May/2015:10:05:03 +0000] GET / HTTP/1.0 200 5", "the request is not in quotes")]
    [InlineData("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.0", "the request is not in quotes")]
    [InlineData("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 99 5", "the status is not a number from 100 to 599")]
    [InlineData("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.0\"", "the status is not a number from 100 to 599")]
    [InlineData("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 200 x", "the size of the answer is not a number")]
    [InlineData("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.0\" 200 -5", "the size of the answer is not a number")]
    public void Says_what_is_wrong_with_a_line(string line, string problem) =>
        Assert.Equal(problem, AccessLogParser.Parse(Encoding.UTF8.GetBytes(line), out _));

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
