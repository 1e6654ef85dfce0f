using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Cli;
using Quota.Silo.Tests.Cli;
using static Quota.Silo.Tests.Usage.UsageFixture;

namespace Quota.Silo.Tests.Usage;

/// <summary>The commands against a real edge.</summary>
public sealed class UsageExportCommandTests : IAsyncLifetime
{
    private UsageFixture _f = null!;

    public async Task InitializeAsync()
    {
        _f = await StartAsync();
        for (int i = 0; i < 40; i++)
        {
            UsageMonth month = Month(October, 100 + i, refunded: i);
            month.Add(Day(October, 7, new UnitCounts("tokens", i)));
            await _f.Usage.SaveMonthAsync("shop", i % 4 == 0 ? $"k,{i}\n\"ü\"" : $"k{i}", October, month);
        }
        await _f.Usage.SaveMonthAsync("shop", "acme", October, Month(October, 1));
        await _f.Usage.SaveMonthAsync("shop", "", October, Month(October, 2));
    }

    public async Task DisposeAsync() => await _f.DisposeAsync();

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public async Task An_export_that_broke_off_anywhere_and_is_resumed_equals_one_that_did_not(string format)
    {
        string whole = _f.File("whole");
        Assert.Equal(new CliRun(0, "", "done: 42 keys\n"), await ExportAsync(format, "--daily", "-o", whole));
        Assert.False(File.Exists(whole + ".partial"));
        byte[] expected = await File.ReadAllBytesAsync(whole);
        var random = new Random(5);
        string file = _f.File("cut");
        foreach (int cut in Enumerable.Range(0, 25).Select(_ => random.Next(expected.Length)).Concat([0, 500, 600, 700]).Append(expected.Length))
        {
            await File.WriteAllBytesAsync(file + ".partial", expected[..cut]);
            Assert.Equal(new CliRun(0, "", "done: 42 keys\n"), await ExportAsync(format, "--daily", "-o", file, "--resume"));
            Assert.Equal(expected, await File.ReadAllBytesAsync(file));
            Assert.False(File.Exists(file + ".partial"));
        }
    }

    [Fact]
    public async Task Standard_output_has_the_same_text_as_a_file()
    {
        Assert.Equal(0, (await ExportAsync("csv", "-o", _f.File("f"))).ExitCode);
        CliRun run = await ExportAsync("csv");
        Assert.Equal(await File.ReadAllTextAsync(_f.File("f")), run.Output);
        Assert.EndsWith("total,,shop,2026-10,,,,tokens,,780,,0,,0,780,0,0,,open,,,,,,,,,42,\r\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partial_file_of_another_export_is_left_alone()
    {
        Assert.Equal(0, (await ExportAsync("csv", "-o", _f.File("f"))).ExitCode);
        byte[] bytes = await File.ReadAllBytesAsync(_f.File("f"));
        string partial = _f.File("f.partial");
        await File.WriteAllBytesAsync(partial, bytes[..^100]);
        (string Because, string[] Arguments)[] cases =
        [
            ("is of 2026-10", ["--month", "2026-09", "--resume"]),
            ("has no days", ["--month", "2026-10", "--daily", "--resume"]),
            ("is of all keys", ["--month", "2026-10", "--label", "a=b", "--resume"]),
            ("exists: --resume goes on with it; remove it to begin anew", ["--month", "2026-10"]),
        ];
        foreach ((string because, string[] arguments) in cases)
        {
            CliRun run = await CliRun.Of(["usage", "export", "--server", _f.Http, "--namespace", "shop", "--format", "csv", "-o", _f.File("f"), .. arguments]);
            Assert.Equal(1, run.ExitCode);
            Assert.Contains(because, run.Error, StringComparison.Ordinal);
            Assert.Equal(bytes[..^100], await File.ReadAllBytesAsync(partial));
        }
        CliRun other = await ExportAsync("jsonl", "-o", _f.File("f"), "--resume");
        Assert.Equal((1, $"quota: {partial}: line 1 is not one of an export of usage\n"), (other.ExitCode, other.Error));
    }

    [Fact]
    public async Task A_silo_that_fails_on_the_way_leaves_a_partial_file_that_can_be_gone_on_with()
    {
        for (int i = 0; i < 2 * Bounds.UsageFlushRows; i++)
        {
            await _f.Usage.SaveMonthAsync("shop", $"m{i:D4}", October, Month(October, 1));
        }
        await _f.Usage.SaveRecordAsync("shop", "z", October, new byte[40]);
        CliRun broken = await ExportAsync("csv", "-o", _f.File("f"));
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("f.partial has what came; --resume goes on with it", broken.Error, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(_f.File("f.partial")).Length, 10_000, long.MaxValue);
        await _f.Usage.SaveMonthAsync("shop", "z", October, Month(October, 1));
        Assert.Equal("done: 555 keys\n", (await ExportAsync("csv", "-o", _f.File("f"), "--resume")).Error);
        Assert.Equal((await ExportAsync("csv")).Output, await File.ReadAllTextAsync(_f.File("f")));
    }

    [Fact]
    public async Task Labels_choose_keys()
    {
        CliRun run = await ExportAsync("jsonl", "--label", "customer=ACME Inc.", "--label", "region=eu");
        string[] lines = run.Output.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Contains("\"key\":\"acme\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"labels\":\"customer=ACME Inc.;region=eu\"", lines[0], StringComparison.Ordinal);
        Assert.Equal("done: 0 keys\n", (await ExportAsync("jsonl", "--label", "customer=ACME")).Error);
    }

    [Fact]
    public async Task What_the_silo_refuses_is_told()
    {
        CliRun run = await CliRun.Of("usage", "export", "--server", _f.Http, "--namespace", "none");
        Assert.Equal(new CliRun(1, "", "quota: namespace: there is no such namespace\n"), run);
        CliRun absent = await CliRun.Of("usage", "export", "--server", "http://127.0.0.1:1", "--namespace", "shop");
        Assert.Equal((1, ""), (absent.ExitCode, absent.Output));
        Assert.StartsWith("quota: http://127.0.0.1:1/: ", absent.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CliRun.Of("usage", "export", "--namespace", "shop", "--month", "10-2026")).ExitCode);
        Assert.Equal(2, (await CliRun.Of("usage", "export", "--namespace", "shop", "--resume")).ExitCode);
        Assert.Equal(2, (await CliRun.Of("usage", "export", "--namespace", "shop", "--label", "x")).ExitCode);
        CliRun unwritable = await ExportAsync("csv", "-o", _f.File("no/such/folder"));
        Assert.Equal(ExitCode.Invalid, unwritable.ExitCode);
    }

    [Fact]
    public async Task Get_shows_one_key()
    {
        UsageMonth month = Month(October, 1_234_567);
        month.Adjust(new UsageAdjustment("t-1", "requests", -7, "outage", "finance", 77));
        await _f.Usage.SaveMonthAsync("shop", "acme/[1]", October, month);
        CliRun run = await CliRun.Of("usage", "get", "--server", _f.Http, "--namespace", "shop", "--key", "acme/[1]", "--daily");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("acme/[1]: 2026-10 (2026-10-01T00:00:00.000Z to 2026-11-01T00:00:00.000Z, UTC), running, as of 2026-10-20T12:00:00.000Z\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("1,234,560", run.Output, StringComparison.Ordinal);
        Assert.Contains("adjustment t-1: -7 requests, outage (finance, 1970-01-01T00:00:00.077Z)", run.Output, StringComparison.Ordinal);
        Assert.Contains("2026-10-05", run.Output, StringComparison.Ordinal);
        CliRun json = await CliRun.Of("usage", "get", "--server", _f.Http, "--namespace", "shop", "--key", "acme/[1]", "--json", "--from", "2026-10-01", "--to", "2026-10-31");
        Assert.Contains("\"billable\": \"1234567\"", json.Output, StringComparison.Ordinal);
        Assert.Equal(new CliRun(1, "", "quota: key: has neither a definition nor usage in 2026-10\n"), await CliRun.Of("usage", "get", "--server", _f.Http, "--namespace", "shop", "--key", "ghost"));
    }

    private Task<CliRun> ExportAsync(string format, params string[] more) =>
        CliRun.Of(["usage", "export", "--server", _f.Http, "--namespace", "shop", "--month", "2026-10", "--format", format, .. more]);
}
