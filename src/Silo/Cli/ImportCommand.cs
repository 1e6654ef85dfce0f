using System.CommandLine;

namespace Quota.Silo.Cli;

/// <summary><c>quota import</c>: brings definitions into a silo, or what other services wrote into the form of definitions.</summary>
internal static class ImportCommand
{
    /// <summary>Every kind of import; one line each, so that further ones are added beside each other.</summary>
    private static readonly IReadOnlyList<Func<CliConsole, Command>> Subcommands =
    [
        ImportDefinitionsCommand.Create,
        ImportEnvoyCommand.Create,
        ImportAwsCommand.Create,
    ];

    public static Command Create(CliConsole console)
    {
        var import = new Command("import", "Imports definitions of namespaces, plans and keys.");
        foreach (Func<CliConsole, Command> create in Subcommands)
        {
            import.Subcommands.Add(create(console));
        }
        return import;
    }
}
