using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>Whether two plans say the same.</summary>
internal static class PlanEquality
{
    public static bool Same(PlanModel a, PlanModel b) =>
        a.Name == b.Name && a.Units.SequenceEqual(b.Units) && Equals(a.Billing, b.Billing) && a.Limits.Length == b.Limits.Length && a.Limits.Zip(b.Limits).All(pair => Same(pair.First, pair.Second));

    private static bool Same(LimitModel a, LimitModel b) =>
        a.Shape == b.Shape && a.Capacity == b.Capacity && a.Mode == b.Mode && a.Per.SequenceEqual(b.Per)
        && a.Overrun == b.Overrun && a.Thresholds.SequenceEqual(b.Thresholds) && a.InheritsZone == b.InheritsZone && a.InheritsAnchorDay == b.InheritsAnchorDay
        && a.Match.Count == b.Match.Count && a.Match.Zip(b.Match).All(pair => Same(pair.First, pair.Second));

    private static bool Same(AttributeMatch a, AttributeMatch b) => a.Name == b.Name && a.Values.SequenceEqual(b.Values);
}
