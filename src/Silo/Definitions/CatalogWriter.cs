using System.Text;
using Quota.Silo.Catalog;

namespace Quota.Silo.Definitions;

/// <summary>
/// Keeps the catalog that requests are decided by in step with the definitions. A change of one key costs the same however many
/// keys there are, and is in force for the next request.
/// <para>
/// Safety: one thread changes at a time (the lock of <see cref="DefinitionService"/>). Readers need no lock: maps are concurrent,
/// and everything they lead to is immutable or a cell that is swapped by reference. What a reader reaches is complete before it
/// can be reached: plans are put before the settings and keys that name them and removed after, and so are parents.
/// </para>
/// </summary>
internal sealed class CatalogWriter
{
    private readonly Dictionary<string, NamespaceEntry> _namespaces = new(StringComparer.Ordinal);

    /// <summary>The catalog in force; the same object for good.</summary>
    public CatalogModel Catalog { get; } = new([]);

    public NamespaceEntry? Find(string name) => _namespaces.GetValueOrDefault(name);

    /// <summary>Whether there is such a definition.</summary>
    public bool Has(DefinitionId id) => Find(id.Namespace) is { } owner && id.Kind switch
    {
        DefinitionKind.Plan => owner.Plan(id.Name) is not null,
        DefinitionKind.Key => owner.Key(id.Name) is not null,
        _ => true,
    };

    /// <summary>Puts namespaces and plans in force that belong together.</summary>
    public void PutStructure(IEnumerable<PendingChange> changes)
    {
        var touched = new HashSet<NamespaceEntry>();
        foreach (PendingChange change in changes.OrderBy(c => c.Id.Kind))
        {
            NamespaceEntry? owner = Find(change.Id.Namespace);
            if (change.Namespace is { } config)
            {
                if (owner is null)
                {
                    _namespaces.Add(change.Id.Namespace, owner = new NamespaceEntry(change.Id.Namespace, config));
                }
                else
                {
                    owner.Configure(config);
                }
            }
            else
            {
                owner!.PutPlan(change.Plan!);
            }
            touched.Add(owner);
        }
        foreach (NamespaceEntry owner in touched)
        {
            Publish(owner, plansChanged: true);
        }
    }

    /// <summary>Puts keys in force; a parent before the keys below it.</summary>
    public void PutKeys(IEnumerable<PendingChange> changes)
    {
        var grown = new HashSet<NamespaceEntry>();
        foreach (PendingChange change in changes)
        {
            NamespaceEntry owner = _namespaces[change.Id.Namespace];
            if (owner.PutKey(change.Id.Name, change.Key!))
            {
                grown.Add(owner);
            }
        }
        foreach (NamespaceEntry owner in grown)
        {
            Publish(owner, plansChanged: false);
        }
    }

    /// <summary>Removes keys; one below another before it.</summary>
    public void RemoveKeys(IEnumerable<PendingChange> changes)
    {
        foreach (PendingChange change in changes)
        {
            _namespaces[change.Id.Namespace].RemoveKey(change.Id.Name);
        }
    }

    /// <summary>Removes plans and namespaces that nobody uses any more.</summary>
    public void RemoveStructure(IEnumerable<PendingChange> changes)
    {
        var touched = new HashSet<NamespaceEntry>();
        foreach (PendingChange change in changes.OrderByDescending(c => c.Id.Kind))
        {
            NamespaceEntry owner = _namespaces[change.Id.Namespace];
            if (change.Id.Kind == DefinitionKind.Plan)
            {
                owner.RemovePlan(change.Id.Name);
                touched.Add(owner);
            }
            else
            {
                _namespaces.Remove(owner.Name);
                Catalog.Namespaces.Remove(Encoding.UTF8.GetBytes(owner.Name));
                touched.Remove(owner);
            }
        }
        foreach (NamespaceEntry owner in touched)
        {
            Publish(owner, plansChanged: true);
        }
    }

    private void Publish(NamespaceEntry owner, bool plansChanged) =>
        Catalog.Namespaces.Set(Encoding.UTF8.GetBytes(owner.Name), owner.Publish(plansChanged));
}
