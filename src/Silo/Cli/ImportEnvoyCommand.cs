using System.CommandLine;
using Quota.Silo.Import.Envoy;

namespace Quota.Silo.Cli;

/// <summary><c>quota import envoy-ratelimit</c>: translates configurations of envoyproxy/ratelimit.</summary>
internal static class ImportEnvoyCommand
{
    private const string Description = """
        Translates configurations of envoyproxy/ratelimit into definitions (JSON lines for `quota import definitions`), and says
        line by line what does not mean exactly the same here.

        Examples:
          quota import envoy-ratelimit config/*.yaml -o definitions.jsonl --notes notes.txt
          quota import envoy-ratelimit --shadow config.yaml
        """;

    public static Command Create(CliConsole console)
    {
        var files = new Argument<string[]>("files") { Description = "Configuration files; one file may hold several documents.", Arity = ArgumentArity.OneOrMore };
        var exact = new Option<bool>("--exact") { Description = "Keep fixed windows, months of 30 days and years of 365 days." };
        var key = new Option<string>("--key")
        {
            Description = "What a check's key is: value (the value of the first entry, where every descriptor of a domain begins with the same key; otherwise the domain) or domain.",
            DefaultValueFactory = _ => "value",
        };
        key.AcceptOnlyFromAmong("value", "domain");
        var command = new Command("envoy-ratelimit", Description) { files, exact, key };
        var output = new ImportOutput(console, command);
        command.SetAction(parsed =>
        {
            var options = new EnvoyImportOptions { Exact = parsed.GetValue(exact), Shadow = output.Shadow(parsed), KeyFromValue = parsed.GetValue(key) == "value" };
            return output.Write(EnvoyImport.Run(parsed.GetValue(files)!, options), parsed);
        });
        return command;
    }
}
