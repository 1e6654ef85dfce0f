using System.CommandLine;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Cli;

/// <summary><c>quota config check</c>: says whether a configuration would be accepted.</summary>
internal static class ConfigCommand
{
    public static Command Create(CliConsole console)
    {
        var file = new Argument<string?>("file") { Description = $"Configuration file; ./{ConfigOption.DefaultFile} if not given.", Arity = ArgumentArity.ZeroOrOne };
        var check = new Command("check", "Validates a configuration and prints every error as file:line:column: field: message. Exits with 1 if there is one.") { file };
        check.SetAction(parsed => Check(parsed.GetValue(file), console));
        return new Command("config", "Works with configuration files.") { check };
    }

    private static int Check(string? given, CliConsole console)
    {
        if (ConfigOption.Find(given, console) is not { } path)
        {
            return ExitCode.Invalid;
        }
        ConfigResult result = ConfigLoader.Load(path);
        if (!result.IsValid)
        {
            Print(result.Errors, console);
            return ExitCode.Invalid;
        }
        CatalogModel catalog = result.Catalog;
        int plans = catalog.Namespaces.Values.Sum(n => n.Plans.Count);
        int keys = catalog.Namespaces.Values.Sum(n => n.Keys.Count);
        console.Output.WriteLine($"{path}: valid ({catalog.Namespaces.Count} namespaces, {plans} plans, {keys} keys)");
        return ExitCode.Success;
    }

    /// <summary>Prints the errors, one per line.</summary>
    internal static void Print(IReadOnlyList<ConfigError> errors, CliConsole console)
    {
        foreach (ConfigError error in errors)
        {
            console.Error.WriteLine(error.ToString());
        }
    }
}
