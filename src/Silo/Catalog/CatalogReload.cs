using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Catalog;

/// <summary>What became of one look at a configuration file that had changed.</summary>
/// <param name="Sequence">1 for the first, then counting up.</param>
/// <param name="Result">What the file said, or what is wrong with it.</param>
/// <param name="Change">What was put in force, or null if the file was refused.</param>
public sealed record CatalogReload(int Sequence, ConfigResult Result, CatalogChange? Change)
{
    /// <summary>Whether the file was put in force.</summary>
    public bool IsAdopted => Change is not null;
}
