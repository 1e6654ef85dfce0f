namespace Quota.Silo.Catalog;

/// <summary>Holds the catalog in force. Readers take the reference once per request and keep to it.</summary>
public sealed class CatalogState(CatalogModel initial)
{
    private volatile CatalogModel _current = initial;

    public CatalogModel Current => _current;

    /// <summary>Puts a new snapshot in force for every request that begins after this.</summary>
    public void Swap(CatalogModel next) => _current = next;
}
