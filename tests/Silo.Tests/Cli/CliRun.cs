using Quota.Silo.Cli;

namespace Quota.Silo.Tests.Cli;

/// <summary>One invocation of the command line within the test process, and what it said.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    public static async Task<CliRun> Of(params string[] args) => await Of(Stream.Null, args);

    public static async Task<CliRun> Of(Stream input, params string[] args) => await Of(input, CancellationToken.None, args);

    public static async Task<CliRun> Of(Stream input, CancellationToken cancellationToken, params string[] args)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        int exitCode = await QuotaCli.RunAsync(args, new CliConsole(input, output, error), cancellationToken);
        return new CliRun(exitCode, output.ToString(), error.ToString());
    }
}
