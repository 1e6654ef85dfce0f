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

    private static readonly Dictionary<string, OverrunPolicy> OverrunPolicies = new(StringComparer.Ordinal)
    {
        ["count"] = OverrunPolicy.Count,
        ["cap"] = OverrunPolicy.Cap,
        ["refuse"] = OverrunPolicy.Refuse,
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
        string unit = Unit(limit);
        OverrunPolicy overrun = limit.Choice("overrun", OverrunPolicies, OverrunPolicy.Count);
        FieldReader? rate = limit.Mapping("rate");
        FieldReader? quota = limit.Mapping("quota");
        FieldReader? concurrency = limit.Mapping("concurrency");
        RateConfig? rateConfig = rate is null ? null : RateConfig.Read(rate);
        QuotaConfig? quotaConfig = quota is null ? null : QuotaConfig.Read(quota);
        long held = concurrency is null ? 0 : Concurrency(concurrency);
        limit.Finish();
        if (concurrency is not null && limit.Take("overrun") is not null)
        {
            limit.Refuse("overrun", "a concurrency limit holds nothing any more after a settlement; only a rate or a quota has an over-run");
        }
        if (rate is not null && quota is not null)
        {
            limit.Refuse("quota", "a limit has a rate or a quota, not both; make it two limits");
        }
        else if (concurrency is not null && (rate is not null || quota is not null))
        {
            limit.Refuse("concurrency", "a limit has a rate, a quota or a concurrency, only one of them; make it two limits");
        }
        else if (rate is null && quota is null && concurrency is null && errors.Count == errorsBefore)
        {
            limit.Refuse("rate", "is required (or quota, or concurrency)");
        }
        if (errors.Count != errorsBefore)
        {
            return null;
        }
        return rateConfig?.ToModel(name, mode, match, per, unit, overrun)
            ?? quotaConfig?.ToModel(name, mode, match, per, unit, overrun)
            ?? LimitModel.Concurrency(name, held, mode, match, per, unit);
    }

    private static long Concurrency(FieldReader concurrency)
    {
        concurrency.Require("amount");
        long amount = concurrency.Integer("amount", 0, Bounds.AmountMax, 1);
        concurrency.Finish();
        return amount;
    }

    private static string Unit(FieldReader limit)
    {
        string unit = limit.Text("unit", CounterShape.Requests);
        if (NameRules.Problem(unit, 1, Bounds.UnitBytesMax) is { } problem)
        {
            limit.Refuse("unit", problem);
        }
        return unit;
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
            List<string> values = TextList.Read(limit, entry.Value, field, 0, Bounds.AttributeValueBytesMax, Bounds.MatchConditionsMax);
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
        return limit.Take("per") is { } node ? TextList.Read(limit, node, path, 1, Bounds.AttributeNameBytesMax, Bounds.PerAttributesMax) : [];
    }
}
