using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Tests.Support;

/// <summary>Catalogs that tests decide with.</summary>
internal static class Catalogs
{
    /// <summary>One namespace whose first plan is its default.</summary>
    public static CatalogModel Of(string name, IReadOnlyList<PlanModel> plans, IReadOnlyDictionary<string, string>? keys = null, SyncMode sync = SyncMode.Commit, FailurePolicy onFailure = FailurePolicy.Error, UnknownKeyPolicy unknownKeys = UnknownKeyPolicy.DefaultPlan) =>
        new([
            new NamespaceModel(name)
            {
                Plans = new Utf8Map<PlanModel>(plans.Select(p => KeyValuePair.Create(p.Name, p))),
                Keys = new Utf8Map<KeyState>((keys ?? new Dictionary<string, string>()).Select(k => KeyValuePair.Create(k.Key, new KeyState(k.Key, new KeyModel(k.Key, plans.Single(p => p.Name == k.Value)))))),
                DefaultPlan = plans[0],
                UnknownKeys = unknownKeys,
                Sync = sync,
                OnFailure = onFailure,
            },
        ]);
}
