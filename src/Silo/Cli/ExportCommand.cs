using System.CommandLine;

namespace Quota.Silo.Cli;

/// <summary><c>quota export</c>: writes out what a silo knows.</summary>
internal static class ExportCommand
{
    public static Command Create(CliConsole console) =>
        new("export", "Writes out what a silo knows.") { ExportDefinitionsCommand.Create(console) };
}
