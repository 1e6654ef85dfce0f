using System.Runtime.InteropServices;
using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Definitions;

/// <summary>
/// Changes that are made together, and judged by what there is after all of them: a line may name what a later line defines. A
/// change that is refused is left out, and with it whatever needs it.
/// </summary>
internal sealed class ChangeSet
{
    private readonly CatalogWriter _catalog;
    private readonly List<PendingChange> _changes = [];
    private readonly Dictionary<DefinitionId, PendingChange> _byId = [];
    private readonly Dictionary<DefinitionId, int> _users = [];
    private HashSet<DefinitionId>? _aboveTooDeep;

    /// <param name="catalog">What there is before.</param>
    /// <param name="changes">What is to be changed; of two for one name the second is refused.</param>
    public ChangeSet(CatalogWriter catalog, IEnumerable<PendingChange> changes)
    {
        _catalog = catalog;
        foreach (PendingChange change in changes)
        {
            if (change.Error is not null)
            {
                continue;
            }
            if (_byId.TryAdd(change.Id, change))
            {
                _changes.Add(change);
            }
            else
            {
                change.Refuse(DefinitionErrorCode.Invalid, "name", $"is given twice; the first is in line {_byId[change.Id].Line}");
            }
        }
    }

    /// <summary>What has not been refused.</summary>
    public IEnumerable<PendingChange> Accepted => _changes.Where(c => c.Error is null);

    /// <summary>Refuses every change that would leave something that does not fit together.</summary>
    public void Check()
    {
        // A refusal may take away what others need, so until there is no further one.
        for (bool refused = true; refused;)
        {
            refused = false;
            CountUsers();
            _aboveTooDeep = null;
            foreach (PendingChange change in _changes)
            {
                if (change.Error is null)
                {
                    Check(change);
                    refused |= change.Error is not null;
                }
            }
        }
    }

    /// <summary>Accepted keys that are put, a parent before the keys below it.</summary>
    public IEnumerable<PendingChange> KeysParentsFirst() => Levels(Accepted.Where(c => c.Id.Kind == DefinitionKind.Key && !c.IsDelete), c => c.Key!.Parent);

    /// <summary>Accepted keys that are removed, a parent after the keys below it.</summary>
    public IEnumerable<PendingChange> KeysChildrenFirst() =>
        Levels(Accepted.Where(c => c.Id.Kind == DefinitionKind.Key && c.IsDelete), c => _catalog.Find(c.Id.Namespace)?.Key(c.Id.Name)?.Current.Parent?.Current.Name).Reverse();

    private IEnumerable<PendingChange> Levels(IEnumerable<PendingChange> keys, Func<PendingChange, string?> parentOf)
    {
        var levels = new List<PendingChange>[Bounds.LevelsMax];
        foreach (PendingChange key in keys)
        {
            int level = 0;
            for (string? parent = parentOf(key); parent is not null && level < Bounds.LevelsMax - 1; level++)
            {
                parent = _byId.TryGetValue(DefinitionId.OfKey(key.Id.Namespace, parent), out PendingChange? above) && above.IsDelete == key.IsDelete ? parentOf(above) : null;
            }
            (levels[level] ??= []).Add(key);
        }
        return levels.Where(l => l is not null).SelectMany(l => l);
    }

    /// <summary>How many more, or fewer, keys will use each plan, parent and namespace.</summary>
    private void CountUsers()
    {
        _users.Clear();
        foreach (PendingChange change in _changes)
        {
            if (change.Error is not null || change.Id.Kind != DefinitionKind.Key)
            {
                continue;
            }
            string owner = change.Id.Namespace;
            if (_catalog.Find(owner)?.Key(change.Id.Name)?.Current is { } before)
            {
                Use(DefinitionId.OfNamespace(owner), -1);
                Use(DefinitionId.OfPlan(owner, before.Cell.Current.Name), -1);
                Use(before.Parent is { } parent ? DefinitionId.OfKey(owner, parent.Current.Name) : default, -1);
            }
            if (change.Key is { } after)
            {
                Use(DefinitionId.OfNamespace(owner), 1);
                Use(DefinitionId.OfPlan(owner, after.Plan), 1);
                Use(after.Parent is { } parent ? DefinitionId.OfKey(owner, parent) : default, 1);
            }
        }
    }

    private void Use(DefinitionId id, int keys)
    {
        if (id != default)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_users, id, out _) += keys;
        }
    }

    private void Check(PendingChange change)
    {
        if (change.Namespace is { } settings)
        {
            RequirePlan(change, "default_plan", settings.DefaultPlan);
            RequirePlan(change, "plan", settings.Plan);
            if (settings.LeaseDurationNs > 0 && LeaseRule.Problem(settings, FinalPlans(change.Id.Namespace)) is { } problem)
            {
                change.Refuse(DefinitionErrorCode.Invalid, "leases.duration", problem);
            }
        }
        else if (change.IsDelete)
        {
            CheckDelete(change);
        }
        else if (FinalNamespace(change.Id.Namespace) is not { } owner)
        {
            change.Refuse(DefinitionErrorCode.NotFound, "namespace", $"there is no namespace {Quoted.Text(change.Id.Namespace)}");
        }
        else if (change.Key is { } key)
        {
            CheckKey(change, key);
            LeaseRule.CheckLimits(change, "overrides", key.Overrides, owner);
        }
        else if (change.Plan is { } plan && !_byId.ContainsKey(DefinitionId.OfNamespace(change.Id.Namespace)))
        {
            // With its namespace in the same set the error belongs there.
            LeaseRule.CheckLimits(change, "limits", plan.Limits, owner);
        }
    }

    private void CheckDelete(PendingChange change)
    {
        DefinitionId id = change.Id;
        NamespaceEntry owner = _catalog.Find(id.Namespace)!;
        int users = _users.GetValueOrDefault(id);
        switch (id.Kind)
        {
            case DefinitionKind.Namespace:
                Refuse(owner.Keys.Count + users, "has");
                int plans = owner.Plans.Keys.Count(p => !(_byId.TryGetValue(DefinitionId.OfPlan(id.Namespace, p), out PendingChange? plan) && plan is { Error: null, IsDelete: true }));
                if (plans > 0)
                {
                    change.Refuse(DefinitionErrorCode.InUse, "", $"the {id} has {plans} {(plans == 1 ? "plan" : "plans")}");
                }
                break;
            case DefinitionKind.Plan:
                Refuse(owner.Plan(id.Name)!.Keys + users, "is used by");
                if (FinalNamespace(id.Namespace) is { } settings && (settings.DefaultPlan == id.Name || settings.Plan == id.Name))
                {
                    change.Refuse(DefinitionErrorCode.InUse, "", $"the {id} is used by its namespace ({(settings.Plan == id.Name ? "plan" : "default_plan")})");
                }
                break;
            default:
                Refuse(owner.ChildrenOf(owner.Key(id.Name)!) + users, "is the parent of");
                break;
        }

        void Refuse(int keys, string verb)
        {
            if (keys > 0)
            {
                change.Refuse(DefinitionErrorCode.InUse, "", $"the {id} {verb} {keys} {(keys == 1 ? "key" : "keys")}");
            }
        }
    }

    private void CheckKey(PendingChange change, KeyConfig key)
    {
        if (RequirePlan(change, "plan", key.Plan) is not { } plan)
        {
            return;
        }
        List<string> units = [.. plan.Units];
        for (int i = 0; i < key.Overrides.Count; i++)
        {
            if (!PlanForms.TryMeter(units, key.Overrides[i].Unit))
            {
                change.Refuse(DefinitionErrorCode.Invalid, $"overrides[{i}].unit", $"the plan and the overrides name more than {Bounds.UnitsMax - 1} units besides {CounterShape.Requests}");
            }
            if (!plan.Limits.Any(l => l.Name == key.Overrides[i].Name))
            {
                change.Refuse(DefinitionErrorCode.Invalid, $"overrides[{i}].name", $"the plan {Quoted.Text(key.Plan)} has no limit {Quoted.Text(key.Overrides[i].Name)}{Suggestion.For(key.Overrides[i].Name, plan.Limits.Select(l => l.Name))}");
            }
        }
        if (key.Parent is { } parent)
        {
            CheckParents(change, parent);
        }
    }

    private void CheckParents(PendingChange change, string parent)
    {
        int above = 0;
        for (string? at = parent; at is not null; above++)
        {
            if (at == change.Id.Name)
            {
                change.Refuse(DefinitionErrorCode.Invalid, "parent", above == 0 ? "a key cannot be its own parent" : $"{Quoted.Text(parent)} is below this key itself");
                return;
            }
            if (above >= Bounds.LevelsMax - 2)
            {
                change.Refuse(DefinitionErrorCode.Invalid, "parent", $"there would be more than {Bounds.LevelsMax - 2} keys above this one");
                return;
            }
            if (!TryFinalParent(change.Id.Namespace, at, out string? next))
            {
                change.Refuse(DefinitionErrorCode.Invalid, "parent", above == 0 ? $"there is no key {Quoted.Text(parent)} in this namespace" : $"there is no key {Quoted.Text(at)}, which is above {Quoted.Text(parent)}");
                return;
            }
            at = next;
        }
        NamespaceEntry? owner = _catalog.Find(change.Id.Namespace);
        if (owner?.Key(change.Id.Name) is { } state && above + owner.HeightOf(state) > Bounds.LevelsMax - 2 && (_aboveTooDeep ??= AboveTooDeep()).Contains(change.Id))
        {
            change.Refuse(DefinitionErrorCode.Invalid, "parent", $"there would be more than {Bounds.LevelsMax - 2} keys above those that are below this one");
        }
    }

    /// <summary>
    /// The changed keys that would be above a key that is not changed itself and would have too many above it. Looks at every key of
    /// the namespaces concerned, so it is asked only where the height of what is below a key now says that it may matter.
    /// </summary>
    private HashSet<DefinitionId> AboveTooDeep()
    {
        var found = new HashSet<DefinitionId>();
        foreach (string owner in _changes.Where(c => c.Id.Kind == DefinitionKind.Key).Select(c => c.Id.Namespace).Distinct(StringComparer.Ordinal))
        {
            foreach (KeyState key in _catalog.Find(owner)?.Keys.Values.Where(k => k.Current.Parent is not null) ?? [])
            {
                if (_byId.TryGetValue(DefinitionId.OfKey(owner, key.Current.Name), out PendingChange? change) && change.Error is null)
                {
                    continue;
                }
                var above = new List<string>();
                for (string? at = key.Current.Parent!.Current.Name; at is not null && above.Count <= Bounds.LevelsMax - 2 && TryFinalParent(owner, at, out string? next); at = next)
                {
                    above.Add(at);
                }
                if (above.Count > Bounds.LevelsMax - 2)
                {
                    found.UnionWith(above.Select(a => DefinitionId.OfKey(owner, a)));
                }
            }
        }
        return found;
    }

    private PlanModel? RequirePlan(PendingChange change, string field, string? plan)
    {
        if (plan is null)
        {
            return null;
        }
        if (_byId.TryGetValue(DefinitionId.OfPlan(change.Id.Namespace, plan), out PendingChange? put) && put is { Error: null, Plan: not null })
        {
            return put.Plan;
        }
        NamespaceEntry? owner = _catalog.Find(change.Id.Namespace);
        // One that is to be deleted counts: its deletion is what is refused.
        if (owner?.Plan(plan) is { } entry)
        {
            return entry.Definition;
        }
        string suggestion = Suggestion.For(plan, owner?.Plans.Keys ?? []);
        change.Refuse(DefinitionErrorCode.Invalid, field, $"there is no plan {Quoted.Text(plan)} in this namespace{suggestion}");
        return null;
    }

    private NamespaceConfig? FinalNamespace(string name) =>
        _byId.TryGetValue(DefinitionId.OfNamespace(name), out PendingChange? change) && change.Error is null ? change.Namespace : _catalog.Find(name)?.Config;

    /// <summary>The plans there will be, and the forms that keys' overrides give those that stay as they are.</summary>
    private IEnumerable<PlanModel> FinalPlans(string owner)
    {
        IEnumerable<PlanModel> put = _changes.Where(c => c is { Error: null, Plan: not null } && c.Id.Namespace == owner).Select(c => c.Plan!);
        IEnumerable<PlanModel> kept = _catalog.Find(owner)?.Plans.Where(p => !_byId.ContainsKey(DefinitionId.OfPlan(owner, p.Key))).SelectMany(p => p.Value.Models) ?? [];
        return put.Concat(kept);
    }

    private bool TryFinalParent(string owner, string key, out string? parent)
    {
        if (_byId.TryGetValue(DefinitionId.OfKey(owner, key), out PendingChange? change) && change is { Error: null, Key: { } config })
        {
            parent = config.Parent;
            return true;
        }
        KeyModel? known = _catalog.Find(owner)?.Key(key)?.Current;
        parent = known?.Parent?.Current.Name;
        return known is not null;
    }
}
