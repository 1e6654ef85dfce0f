using System.Globalization;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Import;

/// <summary><c>quota import aws-usage-plans</c> on what the AWS CLI prints, in its documented form; golden as for the other import.</summary>
public sealed class AwsImportTests
{
    private const string Command = "aws-usage-plans";
    private const string Everything = "@plans.json --keys @u1gold.json --keys u2free=@u2free.keys.json --api-keys @api-keys.json";

    [Theory]
    [InlineData("plans", Everything, 0)]
    [InlineData("plans-id-shadow", Everything + " --key-name id --shadow --namespace pets", 0)]
    [InlineData("aws-errors", "@errors.json --keep-going", 1)]
    public async Task Samples_are_translated_as_the_golden_files_say(string golden, string args, int exitCode)
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} {args}");
        Assert.Equal(exitCode, run.ExitCode);
        await run.IsGolden(golden);
    }

    [Fact]
    public async Task Nothing_is_written_if_there_is_an_error()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} @errors.json");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("errors: nothing is written (--keep-going writes the rest)", run.Remarks, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shadow_leaves_nothing_that_refuses()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} {Everything} --shadow");
        Assert.All(run.Plans.SelectMany(p => p.Limits), l => Assert.Equal(Mode.Shadow, l.Mode));
        Assert.Equal(UnknownKeys.Allow, run.Definitions[0].Namespace.UnknownKeys);
        Assert.Equal(Disabled.Allow, run.Keys.Single(k => k.Status == Status.Disabled).Disabled);
    }

    [Theory]
    [InlineData("1", 1, "1s")]
    [InlineData("0.5", 1, "2s")]
    [InlineData("3.14", 157, "50s")]
    [InlineData("100.0", 100, "1s")]
    [InlineData("1e3", 1_000, "1s")]
    [InlineData("0.0000001", 1, "115d17h46m40s")]
    [InlineData("2147483647", 2_147_483_647, "1s")]
    public async Task A_rate_becomes_whole_units_per_whole_seconds(string rate, long amount, string period)
    {
        ImportRun run = await OfThrottle($"\"rateLimit\": {rate}, \"burstLimit\": 1");
        Rate limit = run.Plans.Single().Limits.Single().Rate;
        Assert.Equal((amount, period, 1L, Algorithm.TokenBucket), (limit.Amount, limit.Period, limit.Burst, limit.Algorithm));
    }

    [Fact]
    public async Task A_rate_of_seven_digits_behind_the_point_is_kept_exactly()
    {
        var random = new Random(7);
        for (int i = 0; i < 100; i++)
        {
            int digits = random.Next(0, 8);
            decimal rate = Math.Round((decimal)(random.NextDouble() * 10_000) + 1, digits);
            ImportRun run = await OfThrottle($"\"rateLimit\": {rate.ToString(CultureInfo.InvariantCulture)}, \"burstLimit\": 10");
            Rate limit = run.Plans.Single().Limits.Single().Rate;
            Assert.True(DurationText.TryParse(limit.Period, out long ns));
            Assert.Equal(limit.Amount, rate * (ns / 1_000_000_000));
            Assert.DoesNotContain("rounded", run.Remarks, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\"rateLimit\": 0, \"burstLimit\": 10", "in:1: items[0].throttle: a rate of 0 refuses every request; kept as a limit of 0", 1)]
    [InlineData("\"rateLimit\": 0.33333333333333, \"burstLimit\": 10", "in:1: items[0].throttle.rateLimit: 0.33333333333333 is rounded to 0.3333333", 1)]
    [InlineData("\"rateLimit\": 0.00000000001, \"burstLimit\": 1", "in:1: items[0].throttle.rateLimit: 0.00000000001 is rounded to 0.0000001", 1)]
    [InlineData("\"burstLimit\": 10", "in:1: items[0].throttle.rateLimit: is absent: there the account's rate holds, which these files do not tell; no limit is written", 0)]
    [InlineData("\"rateLimit\": 2.5", "in:1: items[0].throttle.burstLimit: is absent: there the account's burst holds; 3 is written, the units of a second", 1)]
    [InlineData("\"rateLimit\": 1, \"burstLimit\": 2.5", "in:1: error: items[0].throttle.burstLimit: 2.5 is not a whole number", 0)]
    [InlineData("\"rateLimit\": -1, \"burstLimit\": 2", "in:1: error: items[0].throttle.rateLimit: -1 is out of bounds: must be from 0 to 2147483647", 0)]
    [InlineData("\"rateLimit\": \"1\", \"burstLimit\": 2", "in:1: error: items[0].throttle.rateLimit: \"1\" is not a number", 0)]
    [InlineData("\"rateLimit\": 0.0000001, \"burstLimit\": 2000", "in:1: error: items[0].throttle: the burst takes longer than ten years to refill", 0)]
    public async Task Throttles_that_differ_are_told(string throttle, string remark, int limits)
    {
        ImportRun run = await OfThrottle(throttle, "--keep-going");
        Assert.Contains(remark, run.RemarkLines);
        Assert.Equal(limits, run.Plans.Single().Limits.Count);
    }

    [Theory]
    [InlineData("{", "in:1: error: not valid JSON: ")]
    [InlineData("{\"items\": [\n{\"id\": \"a\"},]}", "in:2: error: not valid JSON: ")]
    [InlineData("{\"items\": []} x", "in:1: error: not valid JSON: ")]
    [InlineData("{\"plans\": []}", "in:1: error: items: is required: this is not the output of a list command")]
    [InlineData("7", "in:1: error: is a single value, but must be an object with named fields")]
    [InlineData("{\"items\": [{\"id\": \"a\",\n\"id\": \"b\"}]}", "in:2: error: items[0].id: is given twice")]
    [InlineData("{\"items\": [{\"id\": \"a\", \"name\":\n \"\\ud800\"}]}", "in:2: error: items[0].name: contains an escape that stands for no character")]
    [InlineData("[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "in:1: error: not valid JSON: ")]
    [InlineData("{\"items\": [], \"position\": \"next\"}", "in:1: error: position: the list goes on: run the command again without --no-paginate and --max-items")]
    public async Task Faults_are_told_with_their_line(string text, string error)
    {
        ImportRun run = await ImportRun.OfText(Command, text);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(run.RemarkLines, l => l.StartsWith(error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_single_plan_and_a_list_of_plans_will_do()
    {
        Assert.Equal("one", (await ImportRun.OfText(Command, "{\"id\": \"a\", \"name\": \"one\"}")).Plans.Single().Name);
        ImportRun list = await ImportRun.OfText(Command, "[{\"id\": \"a\", \"name\": \"same\"}, {\"id\": \"b\", \"name\": \"same\"}, {\"id\": \"c\"}]");
        Assert.Equal(["same", "c"], list.Plans.Select(p => p.Name).Where(n => !n.Contains('~', StringComparison.Ordinal)));
        Assert.Single(list.RemarkLines, l => l.StartsWith("in:1: [1].name: the plan is named same~", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_of_an_unknown_plan_are_refused()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} @plans.json --keys nobody=@u1gold.json");
        Assert.Equal(["u1gold.json:1: error: there is no usage plan \"nobody\"; name it as --keys <usage plan id>=<file>"], run.Errors);
    }

    [Fact]
    public async Task A_key_without_its_value_is_refused_unless_ids_are_the_names()
    {
        ImportRun run = await ImportRun.OfSamples($"{Command} @plans.json --keys @u1gold.json");
        Assert.Equal(["u1gold.json:9: error: items[1].value: is required: run the command with --include-values, or name keys by id (--key-name id)"], run.Errors);
        ImportRun byId = await ImportRun.OfSamples($"{Command} @plans.json --keys @u1gold.json --key-name id");
        Assert.Equal(["k-anna", "k-both"], byId.Keys.Select(k => k.Name));
    }

    [Fact]
    public async Task A_reserved_namespace_is_a_wrong_command_line() =>
        Assert.Equal(2, (await ImportRun.OfSamples($"{Command} @plans.json --namespace quota.x")).ExitCode);

    private static Task<ImportRun> OfThrottle(string throttle, string options = "") =>
        ImportRun.OfText(Command, $"{{\"items\": [{{\"id\": \"a\", \"name\": \"n\", \"throttle\": {{{throttle}}}}}]}}", options);
}
