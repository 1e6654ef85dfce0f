using System.Text;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog;

/// <summary>How one configuration differs from the one before.</summary>
/// <param name="Namespaces">Namespaces; one is changed if its own settings are.</param>
/// <param name="Plans">Plans of all namespaces.</param>
/// <param name="Keys">Keys of all namespaces; one is changed if it is on another plan.</param>
/// <param name="ServerFields">Fields of the <c>server</c> section that differ from those the silo was started with.</param>
public sealed record CatalogChange(ChangeCount Namespaces, ChangeCount Plans, ChangeCount Keys, IReadOnlyList<string> ServerFields)
{
    /// <summary>What an operator should know of it, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Whether nothing differs.</summary>
    public bool IsEmpty => Note is null && Namespaces == default && Plans == default && Keys == default && ServerFields.Count == 0;

    /// <summary>Compares two catalogs, and the settings with those that the silo runs with.</summary>
    public static CatalogChange Between(CatalogModel before, CatalogModel after, SiloSettings running, SiloSettings written)
    {
        ChangeCount namespaces = default, plans = default, keys = default;
        foreach (NamespaceModel next in after.Namespaces.Values)
        {
            before.Namespaces.TryGet(next.NameUtf8, out NamespaceModel? old);
            namespaces += old is null ? ChangeCount.OneAdded : SameSettings(old, next) ? default : ChangeCount.OneChanged;
            plans += Compare(old?.Plans, next.Plans, p => p.Name, PlanEquality.Same);
            keys += Compare(old?.Keys, next.Keys, k => k.Current.Name, (a, b) => a.Current.Plan.Name == b.Current.Plan.Name);
        }
        foreach (NamespaceModel old in before.Namespaces.Values)
        {
            if (!after.Namespaces.TryGet(old.NameUtf8, out _))
            {
                namespaces += ChangeCount.OneRemoved;
                plans += new ChangeCount(0, old.Plans.Count, 0);
                keys += new ChangeCount(0, old.Keys.Count, 0);
            }
        }
        return new CatalogChange(namespaces, plans, keys, ServerReader.Differences(running, written));
    }

    /// <summary>One line, such as <c>namespaces +1 -0 ~0, plans +2 -0 ~1, keys +0 -3 ~0</c>.</summary>
    public override string ToString() => $"namespaces {Namespaces}, plans {Plans}, keys {Keys}";

    private static bool SameSettings(NamespaceModel a, NamespaceModel b) =>
        a.UnknownKeys == b.UnknownKeys && a.DefaultPlan?.Name == b.DefaultPlan?.Name && a.Sync == b.Sync && a.OnFailure == b.OnFailure;

    private static ChangeCount Compare<TValue>(Utf8Map<TValue>? before, Utf8Map<TValue> after, Func<TValue, string> name, Func<TValue, TValue, bool> same)
        where TValue : class
    {
        int added = 0, changed = 0;
        foreach (TValue next in after.Values)
        {
            TValue? old = null;
            before?.TryGet(Encoding.UTF8.GetBytes(name(next)), out old);
            added += old is null ? 1 : 0;
            changed += old is not null && !same(old, next) ? 1 : 0;
        }
        // What was there before and is not an old form of something now is gone.
        return new ChangeCount(added, (before?.Count ?? 0) - (after.Count - added), changed);
    }
}
