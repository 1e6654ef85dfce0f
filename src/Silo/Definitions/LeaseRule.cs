using Quota.Grains.Model;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Definitions;

/// <summary>
/// No lease is configured to last longer than what its permits were counted in: a window, or the time in which a token bucket
/// refills its burst. Otherwise a silo could spend permits in a window that admits its whole amount besides. (A quota's period is
/// a day at least, longer than any lease; a concurrency limit is not leased.)
/// </summary>
internal static class LeaseRule
{
    /// <summary>The longest lease a limit allows, in ns.</summary>
    public static long LongestNs(LimitModel limit) => limit.Shape.Algorithm switch
    {
        LimitAlgorithm.TokenBucket => limit.Shape.BurstNs,
        _ => limit.Shape.PeriodNs == 0 ? long.MaxValue : limit.Shape.PeriodNs,
    };

    /// <summary>Why the leases of a namespace with these plans are too long, or null.</summary>
    public static string? Problem(NamespaceConfig owner, IEnumerable<PlanModel> plans)
    {
        foreach (PlanModel plan in plans)
        {
            if (Array.Find(plan.Limits, l => LongestNs(l) < owner.LeaseDurationNs) is { } limit)
            {
                return $"{DurationText.Format(owner.LeaseDurationNs)} is longer than {What(limit)} of the limit {Quoted.Text(limit.Name)} of the plan {Quoted.Text(plan.Name)}";
            }
        }
        return null;
    }

    /// <summary>Refuses a plan, or a key's overrides, that the namespace's leases would outlast.</summary>
    public static void CheckLimits(PendingChange change, string list, IReadOnlyList<LimitModel> limits, NamespaceConfig owner)
    {
        for (int i = 0; i < limits.Count; i++)
        {
            if (LongestNs(limits[i]) < owner.LeaseDurationNs)
            {
                change.Refuse(DefinitionErrorCode.Invalid, $"{list}[{i}].rate", $"{What(limits[i])} is shorter than a lease of the namespace ({DurationText.Format(owner.LeaseDurationNs)}, leases.duration)");
            }
        }
    }

    private static string What(LimitModel limit)
    {
        string ms = DurationText.Format(LongestNs(limit) / 1_000_000 * 1_000_000);
        return limit.Shape.Algorithm == LimitAlgorithm.TokenBucket ? $"the time to refill the burst, {ms}," : $"the period, {ms},";
    }
}
