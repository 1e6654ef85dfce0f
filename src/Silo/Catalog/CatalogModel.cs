namespace Quota.Silo.Catalog;

/// <summary>Everything that is defined of namespaces, plans and keys. Its maps change in place; what they hold are immutable models and stable cells.</summary>
public sealed class CatalogModel(IEnumerable<NamespaceModel> namespaces)
{
    public static readonly CatalogModel Empty = new([]);

    public Utf8Map<NamespaceModel> Namespaces { get; } = new(namespaces.Select(n => KeyValuePair.Create(n.Name, n)));
}
