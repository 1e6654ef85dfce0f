namespace Quota.Chaos.Faults;

/// <summary>Keys, and how they are asked for.</summary>
internal static class Workload
{
    /// <summary>Every silo is asked for these with request ids, and again until there is an answer.</summary>
    public static readonly string[] WithIds = ["ids-0", "ids-1", "ids-2", "child-0", "child-1"];

    /// <summary>These are asked for once, without ids: silos decide them from leases.</summary>
    public static readonly string[] Plain = ["plain-0", "plain-1", "plain-2", "child-2", "child-3"];

    /// <summary>These in both ways.</summary>
    public static readonly string[] Both = ["both-0", "tight-0"];

    /// <summary>The children's parent: what it used is what they used.</summary>
    public const string Parent = "customer";

    public static readonly string[] Namespaces = ["leased", "exact"];

    /// <summary>Leases of silos that do not come back are kept, so that what is unsettled can only end by their coming back.</summary>
    public static string Configuration()
    {
        string Namespace(string name, string leases) => $$"""
              {{name}}:
                {{leases}}
                default_plan: free
                request_ids: { window: 30m, per_key_max: 100_000 }
                plans:
                  free: { limits: [{ name: month, quota: { amount: 1_000_000_000, period: month } }, { name: second, rate: { amount: 200_000, period: 2s } }] }
                  tight: { limits: [{ name: month, quota: { amount: 1_000_000_000, period: month } }, { name: second, rate: { amount: 20, period: 2s } }] }
                keys:
                  customer: { plan: free }
                  tight-0: { plan: tight }
                  child-0: { plan: free, parent: customer }
                  child-1: { plan: free, parent: customer }
                  child-2: { plan: free, parent: customer }
                  child-3: { plan: free, parent: customer }

            """;
        return "namespaces:\n" + Namespace("leased", "leases: { duration: 2s, lost: keep }") + Namespace("exact", "leases: off");
    }
}
