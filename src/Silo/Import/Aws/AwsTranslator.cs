using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>
/// Makes definitions of usage plans and their keys. A key on several usage plans gets a plan of its own that has the limits of
/// all of them, each on the stages of its usage plan.
/// </summary>
internal sealed class AwsTranslator
{
    private readonly AwsImportOptions _options;
    private readonly ImportNames _planNames = new();
    private readonly Dictionary<string, Plan> _plans = new(StringComparer.Ordinal);
    private readonly HashSet<string> _keyNames = new(StringComparer.Ordinal);
    private readonly List<Definition> _definitions = [];
    private readonly List<Definition> _keys = [];

    public AwsTranslator(AwsImportOptions options)
    {
        _options = options;
        var definition = new Namespace { Name = options.Namespace, UnknownKeys = options.Shadow ? UnknownKeys.Allow : UnknownKeys.Deny };
        _definitions.Add(new Definition { Namespace = definition });
    }

    public IEnumerable<Definition> Definitions => _definitions.Concat(_keys);

    /// <summary>Adds a usage plan as a plan.</summary>
    public void Add(AwsUsagePlan plan)
    {
        string name = _planNames.Unique(plan.Name);
        if (name != plan.Name)
        {
            plan.Source.Remarks.Note(plan.Source.Node, plan.Source.At("name"), $"the plan is named {name}: a name has at most {Bounds.NameBytesMax} bytes and is unique");
        }
        Add(plan.Id, name, [plan]);
    }

    /// <summary>Adds a key, and the plan it needs if it is on several.</summary>
    public void Add(AwsApiKey key)
    {
        if (key.Plans.Count == 0)
        {
            key.Remarks.Note(key.At, key.Path, "is on no usage plan that is imported; left out");
            return;
        }
        string name = _options.NameKeysById ? key.Id : key.Value;
        if (name.Length == 0)
        {
            key.Remarks.Error(key.At, key.Path.Field("value"), "is required: run the command with --include-values, or name keys by id (--key-name id)");
            return;
        }
        if (NameRules.Problem(name, 1, Bounds.KeyBytesMax) is { } problem)
        {
            key.Remarks.Error(key.At, key.Path.Field(_options.NameKeysById ? "id" : "value"), problem);
            return;
        }
        if (!_keyNames.Add(name))
        {
            key.Remarks.Error(key.At, key.Path, "another key has the same value");
            return;
        }
        var definition = new Key { Namespace = _options.Namespace, Name = name, Plan = PlanOf(key).Name, Status = key.Enabled ? Status.Active : Status.Disabled };
        if (!key.Enabled)
        {
            definition.Disabled = _options.Shadow ? Disabled.Allow : Disabled.Deny;
        }
        Label(definition, key, "aws_api_key_id", key.Id);
        Label(definition, key, "aws_api_key_name", key.Name);
        Label(definition, key, "customer_id", key.CustomerId);
        definition.Note = key.Description;
        _keys.Add(new Definition { Key = definition });
    }

    private static void Label(Key definition, AwsApiKey key, string name, string value)
    {
        if (value.Length == 0)
        {
            return;
        }
        if (NameRules.Problem(value, 0, Bounds.AttributeValueBytesMax) is { } problem)
        {
            key.Remarks.Note(key.At, key.Path, $"the label {name} is left out: {problem}");
            return;
        }
        definition.Labels.Add(name, value);
    }

    private Plan PlanOf(AwsApiKey key)
    {
        List<AwsUsagePlan> plans = [.. key.Plans.OrderBy(p => p.Source.Node.Line)];
        string ids = string.Join('+', plans.Select(p => p.Id));
        if (_plans.TryGetValue(ids, out Plan? known))
        {
            return known;
        }
        string name = _planNames.Unique(string.Join(" + ", plans.Select(p => p.Name)));
        key.Remarks.Note(key.At, key.Path, $"the key is on {plans.Count} usage plans: the plan {Quoted.Text(name)} has the limits of all of them, each for its own stages; checks send the attribute {AwsPlanReader.StageAttribute} (API id/stage)");
        return Add(ids, name, plans);
    }

    private Plan Add(string ids, string name, IReadOnlyList<AwsUsagePlan> sources)
    {
        var plan = new Plan { Namespace = _options.Namespace, Name = name };
        var names = new ImportNames();
        foreach (AwsUsagePlan source in sources)
        {
            foreach (AwsLimit from in source.Limits)
            {
                Limit limit = from.Template.Clone();
                limit.Mode = _options.Shadow ? Mode.Shadow : Mode.Enforce;
                string wanted = sources.Count > 1 ? $"{source.Name}: {from.Name}" : from.Name;
                limit.Name = names.Unique(wanted);
                if (limit.Name != wanted)
                {
                    source.Source.Remarks.Note(from.At, from.Path, $"the limit is named {limit.Name}: a name has at most {Bounds.NameBytesMax} bytes and is unique in its plan");
                }
                if (sources.Count > 1 && !limit.Match.ContainsKey(AwsPlanReader.StageAttribute) && !OnStages(limit, source, from))
                {
                    continue;
                }
                Keep(plan, limit, source, from);
            }
        }
        _plans.Add(ids, plan);
        _definitions.Add(new Definition { Plan = plan });
        return plan;
    }

    private static bool OnStages(Limit limit, AwsUsagePlan source, AwsLimit from)
    {
        if (source.Stages.Count > Bounds.MatchConditionsMax)
        {
            source.Source.Remarks.Error(from.At, from.Path, $"the usage plan has {source.Stages.Count} stages and shares keys with another: a condition has at most {Bounds.MatchConditionsMax} values");
            return false;
        }
        if (source.Stages.Count == 0)
        {
            source.Source.Remarks.Note(from.At, from.Path, "the usage plan has no stages, so it limits nothing for keys that are on another as well");
            return false;
        }
        limit.Match.Add(AwsPlanReader.StageAttribute, new Values { Values_ = { source.Stages } });
        return true;
    }

    private static void Keep(Plan plan, Limit limit, AwsUsagePlan source, AwsLimit from)
    {
        foreach (string value in limit.Match.Values.SelectMany(v => v.Values_))
        {
            if (NameRules.Problem(value, 1, Bounds.AttributeValueBytesMax) is { } problem)
            {
                source.Source.Remarks.Error(from.At, from.Path, problem);
                return;
            }
        }
        if (plan.Limits.Count == Bounds.LimitsPerPlanMax)
        {
            source.Source.Remarks.Error(from.At, from.Path, $"is one limit too many: a plan has at most {Bounds.LimitsPerPlanMax}");
            return;
        }
        plan.Limits.Add(limit);
    }
}
