using System.CommandLine;

namespace Quota.Silo.Cli;

/// <summary>The option that names the configuration file, and where it is looked for.</summary>
internal static class ConfigOption
{
    public const string DefaultFile = "quota.yaml";

    public static Option<string?> Create() => new("--config", "-c")
    {
        Description = $"Configuration file; ./{DefaultFile} if not given.",
        HelpName = "file",
    };

    /// <summary>The file to read, or null and a message if there is none.</summary>
    public static string? Find(string? given, CliConsole console)
    {
        if (given is not null || File.Exists(DefaultFile))
        {
            return given ?? DefaultFile;
        }
        console.Error.WriteLine($"quota: there is no ./{DefaultFile} here; name the configuration file on the command line.");
        console.Error.WriteLine("A commented example, quota.yaml, is at the root of the source repository. The smallest one is:");
        console.Error.WriteLine();
        console.Error.WriteLine(Smallest);
        return null;
    }

    internal const string Smallest = """
        namespaces:
          demo:
            default_plan: free
            plans:
              free:
                limits:
                  - name: burst
                    rate: { amount: 10, period: 1s }
        """;
}
