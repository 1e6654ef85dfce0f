using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads one plan.</summary>
internal static class PlanReader
{
    /// <summary>The plan with those of its limits that are right, so that keys can refer to it whatever else is wrong.</summary>
    public static PlanModel Read(string name, ConfigNode node, FieldPath path, ConfigErrorList errors)
    {
        var limits = new List<LimitModel>();
        if (FieldReader.Open(node, path, errors) is not { } plan)
        {
            return new PlanModel(name, limits, null, BillingModel.Utc);
        }
        if (plan.Require("limits") is { } list)
        {
            Limits(list, path.Field("limits"), errors, limits);
        }
        List<string> units = Units(plan, limits);
        plan.Finish();
        return new PlanModel(name, limits, units, BillingModel.Utc);
    }

    /// <summary>What the plan meters besides requests: the units it names, then further ones of its limits in their order.</summary>
    private static List<string> Units(FieldReader plan, List<LimitModel> limits)
    {
        FieldPath path = plan.Path.Field("units");
        List<string> units = plan.Take("units") is { } node
            ? TextList.Read(plan, node, path, 1, Bounds.UnitBytesMax, Bounds.UnitsMax - 1)
            : [];
        if (units.Remove(CounterShape.Requests))
        {
            plan.Refuse("units", $"{Quoted.Text(CounterShape.Requests)} are metered without being named");
        }
        units.AddRange(limits.Select(l => l.Unit).Where(u => u != CounterShape.Requests).Distinct(StringComparer.Ordinal).Except(units, StringComparer.Ordinal));
        if (units.Count > Bounds.UnitsMax - 1)
        {
            plan.Refuse("units", $"the plan and its limits name {units.Count} units ({string.Join(", ", units.Select(Quoted.Text))}): must be at most {Bounds.UnitsMax - 1} besides {CounterShape.Requests}");
            units.RemoveRange(Bounds.UnitsMax - 1, units.Count - Bounds.UnitsMax + 1);
            limits.RemoveAll(l => l.Unit != CounterShape.Requests && !units.Contains(l.Unit));
        }
        return units;
    }

    /// <summary>Reads a list of limits with distinct names into <paramref name="limits"/>.</summary>
    public static void Limits(ConfigNode node, FieldPath path, ConfigErrorList errors, List<LimitModel> limits)
    {
        if (node is not ConfigSequence list)
        {
            errors.Add(node, path, $"is {node.Kind}, but must be a list (\"[]\" for a plan without limits)");
            return;
        }
        if (list.Items.Count > Bounds.LimitsPerPlanMax)
        {
            errors.Add(node, path, $"has {list.Items.Count} limits: must have at most {Bounds.LimitsPerPlanMax}");
            return;
        }
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (LimitReader.Read(list.Items[i], path.Item(i), errors) is not { } limit)
            {
                continue;
            }
            int first = limits.FindIndex(l => l.Name == limit.Name);
            if (first >= 0)
            {
                errors.Add(list.Items[i], path.Item(i).Field("name"), $"{Quoted.Text(limit.Name)} is the name of another limit of this plan");
            }
            else
            {
                limits.Add(limit);
            }
        }
    }
}
