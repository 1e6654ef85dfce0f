using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads one limit of a plan.</summary>
internal static class LimitReader
{
    private static readonly Dictionary<string, LimitMode> Modes = new(StringComparer.Ordinal)
    {
        ["enforce"] = LimitMode.Enforce,
        ["shadow"] = LimitMode.Shadow,
    };

    /// <summary>The limit, or null if it added errors.</summary>
    public static LimitModel? Read(ConfigNode node, FieldPath path, ConfigErrorList errors)
    {
        int errorsBefore = errors.Count;
        if (FieldReader.Open(node, path, errors) is not { } limit)
        {
            return null;
        }
        string name = Name(limit);
        LimitMode mode = limit.Choice("mode", Modes, LimitMode.Enforce);
        List<AttributeMatch> match = Match(limit);
        List<string> per = Per(limit);
        FieldReader? rate = limit.Mapping("rate");
        FieldReader? quota = limit.Mapping("quota");
        RateConfig? rateConfig = rate is null ? null : RateConfig.Read(rate);
        QuotaConfig? quotaConfig = quota is null ? null : QuotaConfig.Read(quota);
        limit.Finish();
        if (rate is not null && quota is not null)
        {
            limit.Refuse("quota", "a limit has a rate or a quota, not both; make it two limits");
        }
        else if (rate is null && quota is null && errors.Count == errorsBefore)
        {
            limit.Refuse("rate", "is required (or quota)");
        }
        if (errors.Count != errorsBefore)
        {
            return null;
        }
        return rateConfig?.ToModel(name, mode, match, per) ?? quotaConfig?.ToModel(name, mode, match, per);
    }

    private static string Name(FieldReader limit)
    {
        if (limit.Require("name") is not { } node || limit.Text(node, limit.Path.Field("name")) is not { } name)
        {
            return "";
        }
        if (NameRules.Problem(name, 1, Bounds.NameBytesMax) is { } problem)
        {
            limit.Refuse("name", problem);
        }
        return name;
    }

    private static List<AttributeMatch> Match(FieldReader limit)
    {
        var conditions = new List<AttributeMatch>();
        FieldPath path = limit.Path.Field("match");
        if (limit.Take("match") is not { } node)
        {
            return conditions;
        }
        if (node is not ConfigMapping mapping)
        {
            limit.Errors.Add(node, path, $"is {node.Kind}, but must be a mapping (attribute: value or list of values)");
            return conditions;
        }
        if (mapping.Entries.Count > Bounds.MatchConditionsMax)
        {
            limit.Errors.Add(node, path, $"has {mapping.Entries.Count} conditions: must have at most {Bounds.MatchConditionsMax}");
        }
        foreach (ConfigEntry entry in mapping.Entries)
        {
            FieldPath field = path.Field(entry.Name.Value);
            if (NameRules.Problem(entry.Name.Value, 1, Bounds.AttributeNameBytesMax) is { } problem)
            {
                limit.Errors.Add(entry.Name, field, problem);
            }
            List<string> values = Texts(limit, entry.Value, field, 0, Bounds.AttributeValueBytesMax, Bounds.MatchConditionsMax);
            if (values.Count > 0)
            {
                conditions.Add(new AttributeMatch(entry.Name.Value, values));
            }
        }
        return conditions;
    }

    private static List<string> Per(FieldReader limit)
    {
        FieldPath path = limit.Path.Field("per");
        return limit.Take("per") is { } node ? Texts(limit, node, path, 1, Bounds.AttributeNameBytesMax, Bounds.PerAttributesMax) : [];
    }

    /// <summary>One text or a list of distinct ones; at least one.</summary>
    private static List<string> Texts(FieldReader limit, ConfigNode node, FieldPath path, int bytesMin, int bytesMax, int countMax)
    {
        var texts = new List<string>();
        if (node is not ConfigSequence list)
        {
            AddText(limit, node, path, bytesMin, bytesMax, texts);
            return texts;
        }
        if (list.Items.Count == 0 || list.Items.Count > countMax)
        {
            limit.Errors.Add(node, path, $"has {list.Items.Count} values: must have 1 to {countMax}");
            return texts;
        }
        for (int i = 0; i < list.Items.Count; i++)
        {
            AddText(limit, list.Items[i], path.Item(i), bytesMin, bytesMax, texts);
        }
        return texts;
    }

    private static void AddText(FieldReader limit, ConfigNode node, FieldPath path, int bytesMin, int bytesMax, List<string> texts)
    {
        // A quoted "" is a value that a condition may ask for; nothing at all is a value forgotten.
        string? text = bytesMin == 0 && node is ConfigScalar { Value: "", IsNull: false } ? "" : limit.Text(node, path);
        if (text is null)
        {
            return;
        }
        if (NameRules.Problem(text, bytesMin, bytesMax) is { } problem)
        {
            limit.Errors.Add(node, path, problem);
        }
        else if (texts.Contains(text))
        {
            limit.Errors.Add(node, path, $"{Quoted.Text(text)} is given twice");
        }
        else
        {
            texts.Add(text);
        }
    }
}
