using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Quota.Silo.Cluster;

namespace Quota.Silo.Cli;

/// <summary>The command line of <c>quota</c>.</summary>
internal static class QuotaCli
{
    private const string Description = """
        Quota: a rate-limit and quota service.

        Exit codes:
          0    success
          1    the configuration or the input is not valid or cannot be read, or the service could not run
          2    the command line is wrong
          130  interrupted before it was done
        """;

    /// <summary>Runs one command line.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args, CliConsole console, CancellationToken cancellationToken = default, IClusterPlugin? plugin = null)
    {
        var root = new RootCommand(Description)
        {
            ServeCommand.Create(console, plugin),
            ConfigCommand.Create(console),
            ImportCommand.Create(console),
            ExportCommand.Create(console),
            UsageCommand.Create(console),
            ClusterCommand.Create(console),
            ReplayCommand.Create(console),
            SampleLogCommand.Create(console),
        };
        ParseResult parsed = root.Parse(args);
        // An exception is a fault of the program: it ends the process with its trace, not with a line that looks like bad input.
        var invocation = new InvocationConfiguration { Output = console.Output, Error = console.Error, EnableDefaultExceptionHandler = false };
        if (parsed.CommandResult.Command.Name == ServeCommand.Name)
        {
            // A silo takes the signals itself: it drains for as long as its settings say.
            invocation.ProcessTerminationTimeout = null;
        }
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            foreach (ParseError error in parsed.Errors)
            {
                await console.Error.WriteLineAsync($"quota: {error.Message}");
            }
            await console.Error.WriteLineAsync($"See: quota {string.Join(' ', CommandNames(parsed.CommandResult))}--help");
            return ExitCode.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await console.Error.WriteLineAsync("quota: interrupted");
            return ExitCode.Interrupted;
        }
    }

    private static IEnumerable<string> CommandNames(CommandResult command)
    {
        var names = new List<string>();
        for (SymbolResult? at = command; at is CommandResult { Command: not RootCommand } inner; at = at.Parent)
        {
            names.Insert(0, inner.Command.Name);
        }
        return names.Count > 0 ? names.Append("") : names;
    }
}
