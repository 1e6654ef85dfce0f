using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Quota.Silo.Tests.Cli;

/// <summary><c>quota replay</c> from the outside: what it reads, what it prints, how it exits.</summary>
public sealed class ReplayCommandTests
{
    private const string SmallLimit = "name=one,amount=1,period=1m,buckets=1,match.method=GET|POST";

    private const string SmallLog = """
        1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a?b HTTP/1.1" 200 5
        1.2.3.4 - - [17/May/2015:10:05:02 +0000] "GET /a HTTP/1.1" 200 5
        - - - [17/May/2015:10:05:04 +0000] "GET /a HTTP/1.1" 200 5
        5.6.7.8 - - [17/May/2015:12:05:04 +0200] "-" 400 -

        """;

    [Fact]
    public async Task Shows_tables_for_the_sample_and_the_example()
    {
        CliRun run = await CliRun.Of("replay", "--config", RepositoryFiles.Example, RepositoryFiles.SampleLog);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        foreach (string text in (string[])["Plan free, one key per ip", "│ denied                  │", "Most denied keys", "│ 203.0.113.137", "First denials", "│ burst  │ enforce", "│ trial  │ shadow", "p99"])
        {
            Assert.Contains(text, run.Output, StringComparison.Ordinal);
        }
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task The_sample_shows_denials_by_every_kind_of_limit_in_the_example()
    {
        using JsonDocument report = await JsonAsync("--config", RepositoryFiles.Example, RepositoryFiles.SampleLog);
        JsonElement root = report.RootElement;
        Assert.Equal(4_000, root.GetProperty("requests").GetInt64());
        Assert.Equal(root.GetProperty("requests").GetInt64(), root.GetProperty("allowed").GetInt64() + root.GetProperty("denied").GetInt64());
        Dictionary<string, JsonElement> limits = root.GetProperty("limits").EnumerateArray().ToDictionary(l => l.GetProperty("name").GetString()!);
        Assert.All((string[])["burst", "search"], name => Assert.True(limits[name].GetProperty("decided").GetInt64() > 0));
        Assert.True(limits["trial"].GetProperty("exceeded").GetInt64() > 0);
        Assert.Equal(0, limits["trial"].GetProperty("decided").GetInt64());
    }

    [Fact]
    public async Task Plain_gzip_and_standard_input_are_read_the_same()
    {
        using var directory = new TemporaryDirectory();
        byte[] log = await File.ReadAllBytesAsync(RepositoryFiles.SampleLog);
        var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(log);
        }
        await File.WriteAllBytesAsync(directory.File("log.gz"), zipped.ToArray());
        string[] options = ["replay", "--limit", "30/1m", "--denials", "0", "--json"];
        CliRun plain = await CliRun.Of([.. options, RepositoryFiles.SampleLog]);
        Assert.Equal(plain, await CliRun.Of([.. options, directory.File("log.gz")]));
        Assert.Equal(plain, await CliRun.Of(new MemoryStream(log), [.. options, "-"]));
        Assert.Equal(plain, await CliRun.Of(new MemoryStream(zipped.ToArray()), [.. options, "-"]));
        Assert.Equal(0, plain.ExitCode);
    }

    [Fact]
    public async Task Malformed_lines_are_counted_and_shown()
    {
        string good = "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5";
        string log = $"{good}\nnonsense\n{new string('x', 100_000)}\n{good}\n\n{good}";
        CliRun run = await CliRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(log)), "replay", "--limit", "10/1s", "-");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("-:2: the time is missing\n-:3: the line has more than 32768 bytes\n-:5: the client's address is missing\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_json_document_is_golden()
    {
        CliRun run = await CliRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(SmallLog)), "replay", "--json", "--limit", SmallLimit, "-");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            """{"version":1,"plan":"(command line)","key_source":"ip","lines":{"read":4,"malformed":1,"without_key":0,"out_of_order":1,"cut_values":0,"first_malformed":[{"file":"-","line":3,"problem":"the client's address is missing"}]},"requests":3,"allowed":2,"denied":1,"denied_share":0.333333,"from":"2015-05-17T10:05:02Z","to":"2015-05-17T10:05:04Z","keys":2,"keys_denied":1,"limits":[{"name":"one","mode":"enforce","checked":2,"exceeded":1,"decided":1,"keys":1}],"top_denied":[{"key":"1.2.3.4","requests":2,"denied":1,"first_denied":"2015-05-17T10:05:03Z","busiest_minute":2}],"denials":[{"file":"-","line":2,"at":"2015-05-17T10:05:03Z","key":"1.2.3.4","limit":"one","retry_after_ms":117000,"method":"GET","path":"/a"}],"peaks":[{"interval":"1s","p50":1,"p90":2,"p99":2,"max":2},{"interval":"1m","p50":1,"p90":2,"p99":2,"max":2},{"interval":"1h","p50":1,"p90":2,"p99":2,"max":2}]}""",
            Compact(run.Output));
    }

    [Fact]
    public async Task Sorting_decides_in_the_order_of_times()
    {
        string[] lines = SmallLog.Split('\n');
        CliRun run = await CliRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(SmallLog)), "replay", "--json", "--sort", "--limit", SmallLimit, "-");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(0, report.RootElement.GetProperty("lines").GetProperty("out_of_order").GetInt64());
        Assert.Equal(1, report.RootElement.GetProperty("denials")[0].GetProperty("line").GetInt64());
        // A log in any order sorts to the same decisions.
        string reversed = string.Join('\n', lines.Where(l => l.Length > 0).Reverse());
        CliRun again = await CliRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(reversed)), "replay", "--json", "--sort", "--limit", SmallLimit, "-");
        using var other = JsonDocument.Parse(again.Output);
        Assert.Equal(report.RootElement.GetProperty("limits").ToString(), other.RootElement.GetProperty("limits").ToString());
    }

    [Fact]
    public async Task The_tables_are_golden()
    {
        CliRun run = await CliRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(SmallLog)), "replay", "--limit", SmallLimit, "-");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        string expected = """
                   Plan (command line), one key per ip
            ╭─────────────────────────┬──────────────────────╮
            │ requests                │                    3 │
            │ allowed                 │                    2 │
            │ denied                  │          1 (33.33 %) │
            │ keys                    │                    2 │
            │ keys ever denied        │                    1 │
            │ first request           │ 2015-05-17 10:05:02Z │
            │ last request            │ 2015-05-17 10:05:04Z │
            │ lines out of order      │                    1 │
            │ lines malformed         │                    1 │
            │ lines without key       │                    0 │
            │ values cut to 256 bytes │                    0 │
            ╰─────────────────────────┴──────────────────────╯
                        Limits (shadow: what it would have denied)
            ╭───────┬─────────┬──────────┬──────────┬─────────┬───────────────╮
            │ limit │ mode    │ requests │ exceeded │ decided │ keys exceeded │
            ├───────┼─────────┼──────────┼──────────┼─────────┼───────────────┤
            │ one   │ enforce │        2 │        1 │       1 │             1 │
            ╰───────┴─────────┴──────────┴──────────┴─────────┴───────────────╯
                                       Most denied keys
            ╭─────────┬──────────┬────────┬──────────────────────┬────────────────╮
            │ key     │ requests │ denied │         first denied │ busiest minute │
            ├─────────┼──────────┼────────┼──────────────────────┼────────────────┤
            │ 1.2.3.4 │        2 │      1 │ 2015-05-17 10:05:03Z │              2 │
            ╰─────────┴──────────┴────────┴──────────────────────┴────────────────╯
                                          First denials
            ╭──────────────────────┬──────┬─────────┬───────┬─────────┬─────────────╮
            │ when                 │ line │ key     │ limit │ request │ retry after │
            ├──────────────────────┼──────┼─────────┼───────┼─────────┼─────────────┤
            │ 2015-05-17 10:05:03Z │ -:2  │ 1.2.3.4 │ one   │ GET /a  │     117.0 s │
            ╰──────────────────────┴──────┴─────────┴───────┴─────────┴─────────────╯
                Busiest interval of each key
            ╭──────────┬─────┬─────┬─────┬─────╮
            │ interval │ p50 │ p90 │ p99 │ max │
            ├──────────┼─────┼─────┼─────┼─────┤
            │ 1s       │   1 │   2 │   2 │   2 │
            │ 1m       │   1 │   2 │   2 │   2 │
            │ 1h       │   1 │   2 │   2 │   2 │
            ╰──────────┴─────┴─────┴─────┴─────╯
            -:3: the client's address is missing
            """;
        Assert.Equal(expected, string.Join('\n', run.Output.TrimEnd().Split('\n').Select(line => line.TrimEnd())));
    }

    [Theory]
    [InlineData("--limit:1:1: limits[0]: is a single value, but must be a mapping (name: value)\n", "ten")]
    [InlineData("--limit:1:5: limits[0].rate.period: \"1x\" is not a duration (examples: 500ms, 10s, 5m, 1h, 1d)\n", "100/1x")]
    [InlineData("--limit:1:1: limits[0].quota.amount: \"k\" is not a whole number (examples: 10000, 10_000)\n", "k/month")]
    [InlineData("--limit:1:28: limits[0].rate.bust: unknown field; did you mean \"burst\"?\n", "name=a,amount=1,period=10s,bust=1")]
    public async Task A_wrong_limit_exits_with_1(string error, string limit)
    {
        CliRun run = await CliRun.Of("replay", "--limit", limit, RepositoryFiles.SampleLog);
        Assert.Equal((1, "", error), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task What_cannot_be_read_or_found_exits_with_1()
    {
        CliRun absent = await CliRun.Of("replay", "--limit", "1/1s", "/nowhere/access.log");
        Assert.Equal(1, absent.ExitCode);
        Assert.StartsWith("/nowhere/access.log: cannot be read: ", absent.Error, StringComparison.Ordinal);
        CliRun plan = await CliRun.Of("replay", "--config", RepositoryFiles.Example, "--plan", "fre", RepositoryFiles.SampleLog);
        Assert.Equal(1, plan.ExitCode);
        Assert.Equal($"quota: --plan: there is no \"fre\"; did you mean \"free\"? ({RepositoryFiles.Example} has: free, pro)\n", plan.Error);
        using var broken = new MemoryStream([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff]);
        Assert.Equal(1, (await CliRun.Of(broken, "replay", "--limit", "1/1s", "-")).ExitCode);
    }

    [Fact]
    public async Task Keys_and_costs_are_what_the_options_say()
    {
        using JsonDocument byPath = await JsonAsync("--limit", "1000000/day", "--key", "path", "--cost", "bytes", RepositoryFiles.SampleLog);
        Assert.Equal("path", byPath.RootElement.GetProperty("key_source").GetString());
        Assert.StartsWith("/", byPath.RootElement.GetProperty("top_denied")[0].GetProperty("key").GetString()!, StringComparison.Ordinal);
        using JsonDocument byUser = await JsonAsync("--limit", "1000000/day", "--key", "user", RepositoryFiles.SampleLog);
        JsonElement lines = byUser.RootElement.GetProperty("lines");
        Assert.Equal(4_000, lines.GetProperty("without_key").GetInt64() + byUser.RootElement.GetProperty("requests").GetInt64());
        Assert.Equal(3, byUser.RootElement.GetProperty("keys").GetInt64());
    }

    private static async Task<JsonDocument> JsonAsync(params string[] args)
    {
        CliRun run = await CliRun.Of(["replay", "--json", .. args]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return JsonDocument.Parse(run.Output);
    }

    private static string Compact(string json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document, new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
