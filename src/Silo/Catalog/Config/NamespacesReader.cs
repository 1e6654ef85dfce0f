using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Model;
using Quota.Silo.Definitions;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the <c>namespaces</c> section of the file into definitions.</summary>
internal sealed class NamespacesReader(ConfigErrorList errors)
{
    private readonly List<PendingChange> _definitions = [];

    /// <summary>Every definition of the section; meaningful if no errors were added.</summary>
    public List<PendingChange> ReadAll(ConfigNode node, FieldPath path)
    {
        foreach (ConfigEntry entry in Entries(node, path, Bounds.NameBytesMax))
        {
            string name = entry.Name.Value;
            if (name.StartsWith(NameRules.ReservedPrefix, StringComparison.Ordinal))
            {
                errors.Add(entry.Name, path.Field(name), $"namespaces that begin with {Quoted.Text(NameRules.ReservedPrefix)} are reserved");
            }
            if (FieldReader.Open(entry.Value, path.Field(name), errors) is { } fields)
            {
                Read(entry, fields);
            }
        }
        return _definitions;
    }

    private void Read(ConfigEntry entry, FieldReader fields)
    {
        int errorsBefore = errors.Count;
        string name = entry.Name.Value;
        HashSet<string> plans = Plans(name, fields);
        Keys(name, fields, plans);
        NamespaceConfig config = NamespaceReader.Read(fields);
        CheckPlan(fields.Take("default_plan"), fields.Path.Field("default_plan"), config.DefaultPlan, plans);
        CheckPlan(fields.Take("plan"), fields.Path.Field("plan"), config.Plan, plans);
        if (errors.Count == errorsBefore && LeaseRule.Problem(config, _definitions.Where(d => d.Id.Namespace == name && d.Plan is not null).Select(d => d.Plan!)) is { } problem)
        {
            // Said here, so that it does not take everything in the namespace with it.
            fields.Mapping("leases")!.Refuse("duration", problem);
        }
        if (errors.Count == errorsBefore)
        {
            var message = new Namespace { Name = name };
            NodeMessages.Fill(message, entry.Value, "plans", "keys");
            _definitions.Add(new PendingChange(DefinitionId.OfNamespace(name))
            {
                Content = DefinitionContent.Store(message),
                Namespace = config,
                Line = entry.Name.Line,
                Column = entry.Name.Column,
                Path = fields.Path,
            });
        }
    }

    private HashSet<string> Plans(string owner, FieldReader fields)
    {
        var plans = new HashSet<string>(StringComparer.Ordinal);
        FieldPath path = fields.Path.Field("plans");
        foreach (ConfigEntry entry in fields.Take("plans") is { } node ? Entries(node, path, Bounds.NameBytesMax) : [])
        {
            int errorsBefore = errors.Count;
            string name = entry.Name.Value;
            PlanModel plan = PlanReader.Read(name, entry.Value, path.Field(name), errors);
            plans.Add(name);
            if (errors.Count == errorsBefore)
            {
                var message = new Plan { Namespace = owner, Name = name };
                NodeMessages.Fill(message, entry.Value);
                _definitions.Add(new PendingChange(DefinitionId.OfPlan(owner, name))
                {
                    Content = DefinitionContent.Store(message),
                    Plan = plan,
                    Line = entry.Name.Line,
                    Column = entry.Name.Column,
                    Path = path.Field(name),
                });
            }
        }
        return plans;
    }

    private void Keys(string owner, FieldReader fields, HashSet<string> plans)
    {
        FieldPath path = fields.Path.Field("keys");
        foreach (ConfigEntry entry in fields.Take("keys") is { } node ? Entries(node, path, Bounds.KeyBytesMax) : [])
        {
            int errorsBefore = errors.Count;
            FieldPath field = path.Field(entry.Name.Value);
            var message = new Key { Namespace = owner, Name = entry.Name.Value };
            KeyConfig? config = entry.Value is ConfigMapping ? Long(entry.Value, field, message, plans) : Short(entry.Value, field, fields, message, plans);
            if (errors.Count == errorsBefore)
            {
                _definitions.Add(new PendingChange(DefinitionId.OfKey(owner, entry.Name.Value))
                {
                    Content = message.ToByteArray(),
                    Key = config,
                    Line = entry.Name.Line,
                    Column = entry.Name.Column,
                    Path = field,
                });
            }
        }
    }

    /// <summary><c>key: plan</c>.</summary>
    private KeyConfig? Short(ConfigNode node, FieldPath path, FieldReader fields, Key message, HashSet<string> plans)
    {
        if (fields.Text(node, path) is not { } plan)
        {
            return null;
        }
        CheckPlan(node, path, plan, plans);
        message.Plan = plan;
        return new KeyConfig { Plan = plan };
    }

    private KeyConfig Long(ConfigNode node, FieldPath path, Key message, HashSet<string> plans)
    {
        int errorsBefore = errors.Count;
        FieldReader key = FieldReader.Open(node, path, errors)!;
        KeyConfig config = KeyReader.Read(key);
        if (config.Plan.Length > 0)
        {
            CheckPlan(key.Take("plan"), path.Field("plan"), config.Plan, plans);
        }
        if (errors.Count == errorsBefore)
        {
            NodeMessages.Fill(message, node);
        }
        return config with { OverridesIdentity = DefinitionReader.OverridesIdentity(message) };
    }

    private void CheckPlan(ConfigNode? node, FieldPath path, string? plan, HashSet<string> plans)
    {
        if (node is not null && plan is not null && !plans.Contains(plan))
        {
            errors.Add(node, path, $"there is no plan {Quoted.Text(plan)} in this namespace{Suggestion.For(plan, plans)}");
        }
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
