using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog;

/// <summary>Where a configuration file that is valid by itself is put in force.</summary>
public interface IConfigTarget
{
    /// <summary>Puts in force what the file defines.</summary>
    /// <param name="config">A valid file.</param>
    /// <param name="running">What the silo runs with; differences are said to take effect at the next start.</param>
    /// <param name="cancellation">Gives up before anything has changed.</param>
    /// <returns>What has changed; or what stands against it, and then nothing has.</returns>
    /// <exception cref="Store.StoreException">The store could not be asked; the same file may be put in force later.</exception>
    ValueTask<(CatalogChange? Change, IReadOnlyList<ConfigError> Errors)> AdoptAsync(ConfigResult config, SiloSettings running, CancellationToken cancellation);
}
