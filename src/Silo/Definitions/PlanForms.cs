using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Definitions;

/// <summary>Makes the plan that is in force for a key from the plan's definition and what the key adds.</summary>
internal static class PlanForms
{
    /// <summary>
    /// The plan with the overrides instead of the limits of the same names, and with quotas that name no calendar on the key's.
    /// An override has no effect if the plan has no limit of its name (any more), or if its unit would be one too many.
    /// </summary>
    public static PlanModel Build(PlanModel definition, IReadOnlyList<LimitModel> overrides, BillingModel billing)
    {
        List<string> units = [.. definition.Units];
        var limits = new LimitModel[definition.Limits.Length];
        for (int i = 0; i < limits.Length; i++)
        {
            LimitModel limit = definition.Limits[i];
            if (overrides.FirstOrDefault(o => o.Name == limit.Name) is { } own && TryMeter(units, own.Unit))
            {
                limit = own;
            }
            limits[i] = limit.ForBilling(billing);
        }
        return new PlanModel(definition.Name, limits, units[1..], billing);
    }

    /// <summary>Whether a plan with these units can meter one more limit's.</summary>
    public static bool TryMeter(List<string> units, string unit)
    {
        if (units.Contains(unit))
        {
            return true;
        }
        if (units.Count == Bounds.UnitsMax)
        {
            return false;
        }
        units.Add(unit);
        return true;
    }
}
