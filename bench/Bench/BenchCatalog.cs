using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;

namespace Quota.Bench;

/// <summary>Plans whose limits are never reached: what is measured is counting, which costs more than refusing.</summary>
internal static class BenchCatalog
{
    public const string CommitNamespace = "commit";
    public const string OsNamespace = "os";

    /// <summary>As <see cref="CommitNamespace"/>, but every check of it is decided in the shared store.</summary>
    public const string UnleasedNamespace = "unleased";

    /// <summary>A month's quota, kept in the page cache before the answer: a lease lasts its whole duration, and no disk is waited for.</summary>
    public const string QuotaNamespace = "quota";

    private const long Plenty = 1_000_000_000;

    /// <summary>One limit is a sliding window; three are one of each common kind; ten are sliding windows of different lengths.</summary>
    /// <param name="limits">How many limits.</param>
    /// <param name="keepsUsage">Whether what is used is counted for billing as well, as every plan of the product does.</param>
    public static PlanModel Plan(int limits, bool keepsUsage = false) => new("p", limits switch
    {
        1 => [LimitModel.SlidingWindow("rate", Plenty, 1_000_000_000)],
        3 => [LimitModel.SlidingWindow("rate", Plenty, 1_000_000_000), LimitModel.TokenBucket("burst", Plenty, 1_000_000_000, Plenty), LimitModel.Quota("month", Plenty * 1000, new CalendarRule(CalendarUnit.Month))],
        _ => [.. Enumerable.Range(1, limits).Select(i => LimitModel.SlidingWindow("rate" + i, Plenty * 1000, i * 1_000_000_000L))],
    }, billing: keepsUsage ? BillingModel.Utc : null);

    /// <summary>The namespaces, every key on the plan.</summary>
    public static CatalogModel Create(PlanModel plan) =>
        new(
        [
            Namespace(CommitNamespace, plan, SyncMode.Commit),
            Namespace(OsNamespace, plan, SyncMode.Os),
            Namespace(UnleasedNamespace, plan, SyncMode.Commit, isLeased: false),
            Namespace(QuotaNamespace, new PlanModel("p", [LimitModel.Quota("month", Plenty * 1000, new CalendarRule(CalendarUnit.Month))], billing: plan.Billing), SyncMode.Os),
        ]);

    private static NamespaceModel Namespace(string name, PlanModel plan, SyncMode sync, bool isLeased = true) => new(name)
    {
        Plans = new Utf8Map<PlanModel>([KeyValuePair.Create(plan.Name, plan)]),
        Keys = new Utf8Map<KeyState>([]),
        DefaultPlan = plan,
        UnknownKeys = UnknownKeyPolicy.DefaultPlan,
        Sync = sync,
        Leases = new LeasePolicy { Enabled = isLeased },
    };
}
