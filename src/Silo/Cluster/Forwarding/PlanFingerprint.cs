using System.Runtime.CompilerServices;
using System.Text;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// A 64-bit hash of everything that an answer says of a plan and its limits besides the numbers. Two silos whose catalogs agree have
/// the same, and then an answer needs no names.
/// </summary>
internal static class PlanFingerprint
{
    private static readonly ConditionalWeakTable<PlanModel, StrongBox<ulong>> Known = [];

    public static ulong Of(PlanModel plan) => Known.GetValue(plan, static p => new StrongBox<ulong>(Compute(p))).Value;

    private static ulong Compute(PlanModel plan)
    {
        ulong hash = Fnv1a.Hash((long)plan.Layout.Id, Fnv1a.Hash(Encoding.UTF8.GetBytes(plan.Name)));
        for (int i = 0; i < plan.Limits.Length; i++)
        {
            LimitModel limit = plan.Limits[i];
            hash = Fnv1a.Hash(limit.UnitUtf8, Fnv1a.Hash(limit.NameUtf8, hash));
            hash = Fnv1a.Hash((long)limit.Mode, Fnv1a.Hash((limit.NameUtf8.Length << 8) + limit.UnitUtf8.Length, hash));
            hash = limit.Per.Count > 0 ? Fnv1a.Hash((long)plan.PerLayout(i).Id, hash) : hash;
        }
        return hash;
    }
}
