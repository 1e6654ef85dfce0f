using Quota.Silo.Catalog.Config;
using Quota.Silo.Cli;

namespace Quota.Silo.Tests.Cli;

/// <summary>What the commands print and how they exit.</summary>
public sealed class QuotaCliTests
{
    [Fact]
    public async Task Help_names_the_commands_and_the_exit_codes()
    {
        CliRun run = await CliRun.Of("--help");
        Assert.Equal(0, run.ExitCode);
        foreach (string word in (string[])["serve", "config", "replay", "sample-log", "Exit codes:", "the command line is wrong"])
        {
            Assert.Contains(word, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Version_is_a_version()
    {
        CliRun run = await CliRun.Of("--version");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", run.Output);
    }

    [Theory]
    [InlineData("quota: Required command was not provided.\nSee: quota --help\n")]
    [InlineData("quota: Required argument missing for command: 'replay'.\nSee: quota replay --help\n", "replay")]
    [InlineData("quota: --grpc: \"x\" is not an address with a port (examples: 127.0.0.1:7070, 0.0.0.0:7070, [::]:7070)\nSee: quota serve --help\n", "serve", "--grpc", "x")]
    [InlineData("quota: --top: -1 is out of bounds: must be from 0 to 100000\nSee: quota replay --help\n", "replay", "--top", "-1", "x.log")]
    [InlineData("quota: --lines: 0 is out of bounds: must be from 1 to 10000000\nSee: quota sample-log --help\n", "sample-log", "--lines", "0")]
    public async Task A_wrong_command_line_exits_with_2(string error, params string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.Equal((2, "", error), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Config_check_says_that_the_example_is_valid()
    {
        CliRun run = await CliRun.Of("config", "check", RepositoryFiles.Example);
        Assert.Equal((0, $"{RepositoryFiles.Example}: valid (1 namespaces, 2 plans, 2 keys)\n", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Config_check_prints_every_error_and_exits_with_1()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("bad.yaml");
        await File.WriteAllTextAsync(path, "namespaces:\n  a:\n    sync: x\n    planz: {}\n");
        CliRun run = await CliRun.Of("config", "check", path);
        string expected = $"{path}:3:11: namespaces.a.sync: \"x\" is not one of commit, os\n{path}:4:5: namespaces.a.planz: unknown field; did you mean \"plans\"?\n";
        Assert.Equal((1, "", expected), (run.ExitCode, run.Output, run.Error));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("config", "check")]
    [InlineData("replay", "x.log")]
    public async Task Without_a_configuration_the_error_shows_the_smallest_one(params string[] args)
    {
        // The tests run in their output directory, where there is no quota.yaml.
        CliRun run = await CliRun.Of(args);
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("quota: there is no ./quota.yaml here; name the configuration file on the command line.\n", run.Error, StringComparison.Ordinal);
        Assert.Contains(ConfigOption.Smallest, run.Error, StringComparison.Ordinal);
        Assert.Empty(ConfigLoader.Parse(ConfigOption.Smallest, "smallest").Errors);
    }

    [Fact]
    public async Task An_interrupted_replay_exits_with_130()
    {
        byte[] log = System.Text.Encoding.UTF8.GetBytes(Quota.Silo.Replay.SampleLog.Generate(1, 10_000));
        CliRun run = await CliRun.Of(new MemoryStream(log), new CancellationToken(canceled: true), "replay", "--limit", "1/1s", "-");
        Assert.Equal((130, "", "quota: interrupted\n"), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Sample_log_writes_the_same_to_a_file_and_to_standard_output()
    {
        using var directory = new TemporaryDirectory();
        CliRun toFile = await CliRun.Of("sample-log", "--seed", "7", "--lines", "50", "--out", directory.File("a.log"));
        CliRun toOutput = await CliRun.Of("sample-log", "--seed", "7", "--lines", "50");
        Assert.Equal((0, 0), (toFile.ExitCode, toOutput.ExitCode));
        Assert.Equal(toOutput.Output, await File.ReadAllTextAsync(directory.File("a.log")));
    }
}
