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
            return new PlanModel(name, limits);
        }
        if (plan.Require("limits") is { } list)
        {
            Limits(list, path.Field("limits"), errors, limits);
        }
        plan.Finish();
        return new PlanModel(name, limits);
    }

    private static void Limits(ConfigNode node, FieldPath path, ConfigErrorList errors, List<LimitModel> limits)
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
