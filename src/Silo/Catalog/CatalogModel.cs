namespace Quota.Silo.Catalog;

/// <summary>Everything the configuration says about namespaces, plans and keys: one immutable snapshot.</summary>
public sealed class CatalogModel(IEnumerable<NamespaceModel> namespaces)
{
    public static readonly CatalogModel Empty = new([]);

    public Utf8Map<NamespaceModel> Namespaces { get; } = new(namespaces.Select(n => KeyValuePair.Create(n.Name, n)));
}
