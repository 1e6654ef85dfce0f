using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog;

/// <summary>Puts a file in force as the only catalog there is, without a store of definitions.</summary>
public sealed class CatalogSwap(CatalogState state) : IConfigTarget
{
    public ValueTask<(CatalogChange? Change, IReadOnlyList<ConfigError> Errors)> AdoptAsync(ConfigResult config, SiloSettings running, CancellationToken cancellation)
    {
        CatalogChange change = CatalogChange.Between(state.Current, config.Catalog!, running, config.Settings!);
        state.Swap(config.Catalog!);
        return new((change, []));
    }
}
