using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Definitions;

/// <summary>What a file has changed, or what stands against it.</summary>
/// <param name="Change">Set if the file was accepted.</param>
/// <param name="Errors">Empty if it was.</param>
internal readonly record struct AdoptionResult(CatalogChange? Change, IReadOnlyList<ConfigError> Errors)
{
    public static AdoptionResult Of(CatalogChange change) => new(change, []);

    public static AdoptionResult Failed(IReadOnlyList<ConfigError> errors) => new(null, errors);
}
