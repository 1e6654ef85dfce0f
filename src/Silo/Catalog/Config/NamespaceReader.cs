using System.Text;
using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the <c>namespaces</c> section. Plans that equal those of the catalog before keep their instances.</summary>
internal sealed class NamespaceReader(ConfigErrorList errors, CatalogModel? previous)
{
    private static readonly Dictionary<string, UnknownKeyPolicy> UnknownKeyPolicies = new(StringComparer.Ordinal)
    {
        ["default_plan"] = UnknownKeyPolicy.DefaultPlan,
        ["allow"] = UnknownKeyPolicy.Allow,
        ["deny"] = UnknownKeyPolicy.Deny,
    };

    private static readonly Dictionary<string, SyncMode> SyncModes = new(StringComparer.Ordinal)
    {
        ["commit"] = SyncMode.Commit,
        ["os"] = SyncMode.Os,
    };

    private static readonly Dictionary<string, FailurePolicy> FailurePolicies = new(StringComparer.Ordinal)
    {
        ["error"] = FailurePolicy.Error,
        ["allow"] = FailurePolicy.Allow,
        ["deny"] = FailurePolicy.Deny,
    };

    /// <summary>Every namespace; meaningful if no errors were added.</summary>
    public List<NamespaceModel> ReadAll(ConfigNode node, FieldPath path)
    {
        var namespaces = new List<NamespaceModel>();
        foreach (ConfigEntry entry in Entries(node, path, Bounds.NameBytesMax))
        {
            string name = entry.Name.Value;
            if (name.StartsWith(NameRules.ReservedPrefix, StringComparison.Ordinal))
            {
                errors.Add(entry.Name, path.Field(name), $"namespaces that begin with {Quoted.Text(NameRules.ReservedPrefix)} are reserved");
            }
            if (FieldReader.Open(entry.Value, path.Field(name), errors) is { } fields)
            {
                namespaces.Add(Read(name, fields));
            }
        }
        return namespaces;
    }

    private NamespaceModel Read(string name, FieldReader fields)
    {
        Dictionary<string, PlanModel> plans = Plans(name, fields);
        Dictionary<string, KeyState> keys = Keys(fields, plans);
        PlanModel? defaultPlan = fields.Take("default_plan") is { } node ? FindPlan(node, fields.Path.Field("default_plan"), fields, plans) : null;
        bool hasDefault = fields.Take("default_plan") is not null;
        UnknownKeyPolicy unknownKeys = fields.Choice("unknown_keys", UnknownKeyPolicies, hasDefault ? UnknownKeyPolicy.DefaultPlan : UnknownKeyPolicy.Deny);
        if (unknownKeys == UnknownKeyPolicy.DefaultPlan && !hasDefault)
        {
            fields.Refuse("default_plan", "is required by unknown_keys: default_plan");
        }
        if (unknownKeys != UnknownKeyPolicy.DefaultPlan && hasDefault)
        {
            fields.Refuse("default_plan", "has no effect unless unknown_keys is default_plan; remove one of the two");
        }
        SyncMode sync = fields.Choice("sync", SyncModes, SyncMode.Commit);
        FailurePolicy onFailure = fields.Choice("on_failure", FailurePolicies, FailurePolicy.Error);
        fields.Finish();
        return new NamespaceModel(name)
        {
            Plans = new Utf8Map<PlanModel>(plans),
            Keys = new Utf8Map<KeyState>(keys),
            DefaultPlan = defaultPlan,
            UnknownKeys = unknownKeys,
            Sync = sync,
            OnFailure = onFailure,
        };
    }

    private Dictionary<string, PlanModel> Plans(string namespaceName, FieldReader fields)
    {
        var plans = new Dictionary<string, PlanModel>(StringComparer.Ordinal);
        FieldPath path = fields.Path.Field("plans");
        if (fields.Take("plans") is not { } node)
        {
            return plans;
        }
        NamespaceModel? before = null;
        previous?.Namespaces.TryGet(Encoding.UTF8.GetBytes(namespaceName), out before);
        foreach (ConfigEntry entry in Entries(node, path, Bounds.NameBytesMax))
        {
            string name = entry.Name.Value;
            PlanModel plan = PlanReader.Read(name, entry.Value, path.Field(name), errors);
            PlanModel? same = null;
            before?.Plans.TryGet(Encoding.UTF8.GetBytes(name), out same);
            plans.Add(name, same is not null && PlanEquality.Same(plan, same) ? same : plan);
        }
        return plans;
    }

    private Dictionary<string, KeyState> Keys(FieldReader fields, Dictionary<string, PlanModel> plans)
    {
        var keys = new Dictionary<string, KeyState>(StringComparer.Ordinal);
        FieldPath path = fields.Path.Field("keys");
        if (fields.Take("keys") is not { } node)
        {
            return keys;
        }
        foreach (ConfigEntry entry in Entries(node, path, Bounds.KeyBytesMax))
        {
            FieldPath field = path.Field(entry.Name.Value);
            PlanModel? plan = null;
            if (entry.Value is ConfigMapping)
            {
                FieldReader key = FieldReader.Open(entry.Value, field, errors)!;
                plan = key.Require("plan") is { } name ? FindPlan(name, field.Field("plan"), key, plans) : null;
                key.Finish();
            }
            else
            {
                plan = FindPlan(entry.Value, field, fields, plans);
            }
            if (plan is not null)
            {
                keys.Add(entry.Name.Value, new KeyState(entry.Name.Value, new KeyModel(entry.Name.Value, plan)));
            }
        }
        return keys;
    }

    private PlanModel? FindPlan(ConfigNode node, FieldPath path, FieldReader fields, Dictionary<string, PlanModel> plans)
    {
        if (fields.Text(node, path) is not { } name)
        {
            return null;
        }
        if (!plans.TryGetValue(name, out PlanModel? plan))
        {
            errors.Add(node, path, $"there is no plan {Quoted.Text(name)} in this namespace{Suggestion.For(name, plans.Keys)}");
        }
        return plan;
    }

    /// <summary>The entries of a mapping whose names the user chose; those with a name that will not do are reported and left out.</summary>
    private IEnumerable<ConfigEntry> Entries(ConfigNode node, FieldPath path, int bytesMax)
    {
        if (node is ConfigScalar { IsNull: true })
        {
            yield break;
        }
        if (node is not ConfigMapping mapping)
        {
            errors.Add(node, path, $"is {node.Kind}, but must be a mapping (name: value)");
            yield break;
        }
        foreach (ConfigEntry entry in mapping.Entries)
        {
            if (NameRules.Problem(entry.Name.Value, 1, bytesMax) is { } problem)
            {
                errors.Add(entry.Name, path.Field(entry.Name.Value), problem);
                continue;
            }
            yield return entry;
        }
    }
}
