using System.CommandLine;

namespace Quota.Silo.Cli;

/// <summary><c>quota usage</c>: what keys used.</summary>
internal static class UsageCommand
{
    public static Command Create(CliConsole console) =>
        new("usage", "Shows and exports what keys used.") { UsageExportCommand.Create(console), UsageGetCommand.Create(console) };
}
