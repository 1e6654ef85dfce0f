using System.CommandLine;

namespace Quota.Silo.Cli;

/// <summary><c>quota cluster</c>: the silos of a cluster.</summary>
internal static class ClusterCommand
{
    public static Command Create(CliConsole console) => new("cluster", "Shows the silos of a cluster.") { ClusterStatusCommand.Create(console) };
}
