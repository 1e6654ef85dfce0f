using System.Text;
using Quota.Contracts.V1;

namespace Quota.Silo.Tests.Import;

/// <summary>
/// <c>quota import envoy-ratelimit</c> on files in the documented format. Golden files hold every definition and every remark;
/// they are the command's own output, read line by line against the vendor's documentation when they change.
/// </summary>
public sealed class EnvoyImportTests
{
    private const string Command = "envoy-ratelimit";

    [Theory]
    [InlineData("messaging", "@messaging.yaml", 0)]
    [InlineData("messaging-exact-shadow", "@messaging.yaml --exact --shadow", 0)]
    [InlineData("per-address", "@per-address.yaml", 0)]
    [InlineData("per-address-domain", "@per-address.yaml --key domain --keep-going", 1)]
    [InlineData("envoy-errors", "@errors.yaml --keep-going", 1)]
    [InlineData("merged", "@messaging.yaml @messaging-more.yaml", 1)]
    public async Task Samples_are_translated_as_the_golden_files_say(string golden, string args, int exitCode)
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} {args}");
        Assert.Equal(exitCode, run.ExitCode);
        await run.IsGolden(golden);
    }

    [Fact]
    public async Task Nothing_is_written_if_there_is_an_error()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} @errors.yaml @messaging.yaml");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.EndsWith("16 errors: nothing is written (--keep-going writes the rest)\n", run.Remarks, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_and_notes_go_to_files()
    {
        using var directory = new TemporaryDirectory();
        ImportRun toFiles = await ImportRun.OfSamples($"{Command} @messaging.yaml -o {directory.File("out")} --notes {directory.File("notes")}");
        ImportRun plain = await ImportRun.OfSamples($"{Command} @messaging.yaml");
        Assert.Equal((0, "", ""), (toFiles.ExitCode, toFiles.Output, toFiles.Remarks));
        Assert.Equal(plain.Output, await File.ReadAllTextAsync(directory.File("out")));
        Assert.Equal(plain.RemarkLines.Length, File.ReadLines(directory.File("notes")).Count());
    }

    [Fact]
    public async Task Shadow_leaves_nothing_that_refuses()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} @messaging.yaml @per-address.yaml --shadow");
        Assert.All(run.Plans.SelectMany(p => p.Limits), l => Assert.Equal(Mode.Shadow, l.Mode));
        Assert.All(run.Definitions.Where(d => d.Namespace is not null), d => Assert.NotEqual(UnknownKeys.Deny, d.Namespace.UnknownKeys));
    }

    [Fact]
    public async Task More_limits_than_a_plan_holds_stand_on_parents()
    {
        ImportRun run = await ImportRun.OfText(Command, Limits(70));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal([6, 32, 32], run.Plans.Select(p => p.Limits.Count));
        Assert.Equal([("many.3", ""), ("many.2", "many.3"), ("many", "many.2")], run.Keys.Select(k => (k.Name, k.Parent)));
        Assert.Equal(run.Keys.Select(k => k.Plan), run.Plans.Select(p => p.Name));
        Assert.Equal(Enumerable.Range(0, 70).Select(i => $"k{i}").Order(), run.Plans.SelectMany(p => p.Limits).Select(l => l.Name).Order());
        Assert.Contains("in:1: domain: has 70 limits, a plan at most 32: they stand on several plans, and the key has parents with the further ones; a check still counts on all or none", run.RemarkLines);
    }

    [Fact]
    public async Task Limits_beyond_all_levels_are_refused_with_their_line()
    {
        ImportRun run = await ImportRun.OfText(Command, Limits(130), "--keep-going");
        Assert.Equal(
            ["in:131: error: descriptors[128]: is one limit too many: a key and its parents have at most 128", "in:132: error: descriptors[129]: is one limit too many: a key and its parents have at most 128"],
            run.Errors);
        Assert.Equal(128, run.Plans.Sum(p => p.Limits.Count));
    }

    [Fact]
    public async Task Limits_below_one_value_are_bounded_by_its_plan()
    {
        string nested = string.Concat(Enumerable.Range(0, 33).Select(i => $"      - {{key: k{i}, rate_limit: {{unit: day, requests_per_unit: 1}}}}\n"));
        ImportRun run = await ImportRun.OfText(Command, $"domain: d\ndescriptors:\n  - key: a\n    value: b\n    descriptors:\n{nested}", "--keep-going");
        Assert.Equal(["in:38: error: descriptors[0].descriptors[32]: is one limit too many below line 3: a plan has at most 32"], run.Errors);
        Assert.Equal(32, run.Plans.Single().Limits.Count);
    }

    [Fact]
    public async Task Five_values_counted_by_themselves_are_refused()
    {
        var text = new StringBuilder("domain: d\ndescriptors:\n");
        for (int i = 0; i < 5; i++)
        {
            text.Append(' ', i * 2).Append("- key: k").Append(i).Append('\n').Append(' ', (i * 2) + 2);
            text.Append(i == 4 ? "rate_limit: {unit: day, requests_per_unit: 1}\n" : "descriptors:\n");
        }
        ImportRun run = await ImportRun.OfText(Command, text.ToString(), "--key domain");
        Assert.Equal(["in:11: error: descriptors[0].descriptors[0].descriptors[0].descriptors[0].descriptors[0]: counts per value of 5 of 5 entries: a limit counts per value of at most 4 and has at most 16 conditions"], run.Errors);
        // With the first value as the key there are four left.
        Assert.Equal(["k1", "k2", "k3", "k4"], (await ImportRun.OfText(Command, text.ToString())).Plans.Single().Limits.Single().Per);
    }

    [Fact]
    public async Task A_long_name_is_cut_and_told_apart()
    {
        string value = new('v', 100);
        ImportRun run = await ImportRun.OfText(Command, $"domain: d\ndescriptors:\n  - {{key: a, value: {value}1, rate_limit: {{unit: day, requests_per_unit: 1}}}}\n  - {{key: b, value: {value}2, rate_limit: {{unit: day, requests_per_unit: 1}}}}\n");
        string[] names = [.. run.Plans.Single().Limits.Select(l => l.Name)];
        Assert.Equal(2, names.Distinct().Count());
        Assert.All(names, n => Assert.Equal(64, n.Length));
        Assert.Equal(2, run.RemarkLines.Count(l => l.Contains("the limit is named", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("domain: [", "in:2: error: not valid YAML")]
    [InlineData("", "in: error: is empty")]
    [InlineData("descriptors: []", "in:1: error: domain: is required")]
    [InlineData("domain: ''", "in:1: error: domain: is required")]
    [InlineData("domain: quota.x", "in:1: error: domain: namespaces that begin with \"quota.\" are reserved")]
    [InlineData("- domain: x", "in:1: error: is a list, but must be an object with named fields")]
    [InlineData("domain: {a: b}", "in:1: error: domain: is a mapping, but must be a single value")]
    [InlineData("domain: x\ndescriptors: 7", "in:2: error: descriptors: is a single value, but must be a list")]
    [InlineData("domain: x\ndescriptors:\n  - {key: 'a*', rate_limit: {unit: day}}", "in:3: error: descriptors[0].key: a wildcard in a key cannot be translated")]
    [InlineData("domain: x\ndescriptors:\n  - {key: a, rate_limit: {requests_per_unit: 1}}", "in:3: error: descriptors[0].rate_limit.unit: is required")]
    [InlineData("domain: x\ndescriptors:\n  - {key: a, rate_limit: {unit: day, name: n, replaces: [{name: n}]}}", "in:3: error: descriptors[0].rate_limit.replaces[0].name: a limit cannot replace itself")]
    [InlineData("domain: x\ndescriptors:\n  - {key: a, rate_limit: {unit: day, requests_per_unit: 4294967296}}", "in:3: error: descriptors[0].rate_limit.requests_per_unit: 4294967296 is out of bounds")]
    [InlineData("x: &a {key: k}\ndomain: x\ndescriptors:\n  - {<<: *a}", "in:4: error: descriptors[0].<<: YAML merge keys are not supported")]
    [InlineData("domain: x\ndescriptors:\n  - {key: \"a\\u0007\"}", "in:3: error: descriptors[0].key: \"a\\u0007\" contains a character that cannot be printed")]
    public async Task Faults_are_told_with_their_line(string text, string error)
    {
        ImportRun run = await ImportRun.OfText(Command, text);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(run.RemarkLines, l => l.Replace("[\"<<\"]", ".<<", StringComparison.Ordinal).StartsWith(error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_an_error()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} @absent.yaml");
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("absent.yaml: error: cannot be read: ", run.Remarks, StringComparison.Ordinal);
    }

    private static string Limits(int count) =>
        "domain: many\ndescriptors:\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"  - {{key: k{i}, rate_limit: {{unit: day, requests_per_unit: {i}}}}}\n"));
}
