using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Hosting;

/// <summary>Runs one silo until it is told to stop.</summary>
public static class SiloHost
{
    /// <summary>Loads the configuration, shows what it says, and waits to be stopped.</summary>
    /// <returns>The exit code: 0 after an orderly stop, 1 if the configuration is refused.</returns>
    public static async Task<int> RunAsync(ServeOptions options, CancellationToken cancellationToken)
    {
        ConfigResult config = ConfigLoader.Load(options.ConfigPath);
        if (!config.IsValid)
        {
            foreach (ConfigError error in config.Errors)
            {
                await Console.Error.WriteLineAsync(error.ToString());
            }
            return 1;
        }
        await Console.Out.WriteLineAsync($"{options.ConfigPath}: {config.Catalog.Namespaces.Count} namespaces; {options.Over(config.Settings)}");
        return 0;
    }
}
