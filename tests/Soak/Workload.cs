using System.Globalization;
using System.Text;

namespace Quota.Soak;

/// <summary>The namespace of the soak: its keys, what stands above them, and the configuration that says so.</summary>
internal static class Workload
{
    public const string Namespace = "soak";

    /// <summary>Amount of the limits that only count: with them the enforced counters can be compared as well.</summary>
    public const long CountingAmount = 1_000_000_000_000_000;

    /// <summary>How long a call is repeated. Well within the namespace's window of request ids, see <see cref="Configuration"/>.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(100);

    /// <summary>Names of the counting limits of every plan, in the order of <see cref="Units.Names"/>.</summary>
    public static readonly string[] CountingLimits = ["year", "year-in", "year-out"];

    private const int Children = 24;
    private const int Customers = 4;

    /// <summary>Keys with a definition and their parents; empty: the namespace.</summary>
    public static readonly IReadOnlyDictionary<string, string> Parents = Hierarchy();

    /// <summary>Keys that are known by no definition, and so are on the default plan.</summary>
    public static readonly string[] Unknown = [.. Enumerable.Range(0, 8).Select(i => "unknown" + Text(i))];

    /// <summary>Keys that load is put on: leaves, and now and then a parent itself.</summary>
    public static readonly string[] Loaded = [.. Parents.Keys, .. Unknown];

    public static readonly string[] Groups = ["child", "tight", "address", "unknown", "customer", "reseller"];

    /// <summary>A key's parent; empty: none but the namespace.</summary>
    public static string ParentOf(string key) => Parents.GetValueOrDefault(key, "");

    /// <summary>
    /// Small segments and frequent checkpoints, so that kills meet roll-overs and half-done rounds; request ids and ended
    /// reservations are forgotten while the soak runs, but later than any call is given up.
    /// </summary>
    public static string Configuration()
    {
        var text = new StringBuilder();
        text.Append("""
            server:
              journal: { segment_bytes: 4MiB, bytes_max: 256MiB }
              checkpoint_interval: 2s
            namespaces:
              soak:
                default_plan: free
                plan: root
                sync: commit
                request_ids: { window: 3m, per_key_max: 1_000_000 }
                reservations: { on_expiry: settle, per_key_max: 100_000 }
                plans:

            """);
        AppendPlan(text, "root");
        AppendPlan(text, "free", "{ name: second, rate: { amount: 500, period: 1s } }");
        AppendPlan(text, "reseller");
        AppendPlan(text, "customer");
        AppendPlan(text, "customer-tight", "{ name: second, rate: { amount: 60, period: 1s } }");
        AppendPlan(text, "child", "{ name: trial, mode: shadow, rate: { amount: 5, period: 1s } }", "{ name: calls, concurrency: { amount: 500 } }");
        AppendPlan(text, "tight",
            "{ name: bucket, rate: { amount: 20, period: 1s, algorithm: token_bucket } }",
            "{ name: calls, concurrency: { amount: 20 } }",
            "{ name: strict, unit: tokens.in, overrun: refuse, rate: { amount: 4_000, period: 1s, algorithm: weighted } }",
            "{ name: capped, unit: tokens.out, overrun: cap, rate: { amount: 4_000, period: 1s, algorithm: fixed_window } }");
        AppendPlan(text, "address", "{ name: client, rate: { amount: 6, period: 1s }, per: [ip] }", "{ name: search, rate: { amount: 30, period: 1s }, match: { route: /search* } }");
        text.Append("    keys:\n");
        foreach ((string key, string parent) in Parents)
        {
            string plan = key == "customer3" ? "customer-tight" : key.TrimEnd([.. "0123456789"]);
            text.Append(CultureInfo.InvariantCulture, $"      {key}: {{ plan: {plan}{(parent.Length > 0 ? ", parent: " + parent : "")} }}\n");
        }
        return text.ToString();
    }

    private static void AppendPlan(StringBuilder text, string name, params string[] limits)
    {
        text.Append(CultureInfo.InvariantCulture, $"      {name}:\n        limits:\n");
        for (int unit = 0; unit < Units.Names.Length; unit++)
        {
            text.Append(CultureInfo.InvariantCulture, $"          - {{ name: {CountingLimits[unit]}, unit: {Units.Names[unit]}, quota: {{ amount: {CountingAmount}, period: year }} }}\n");
        }
        foreach (string limit in limits)
        {
            text.Append("          - ").Append(limit).Append('\n');
        }
    }

    private static Dictionary<string, string> Hierarchy()
    {
        Dictionary<string, string> parents = new() { ["reseller0"] = "", ["reseller1"] = "" };
        for (int i = 0; i < Customers; i++)
        {
            parents["customer" + Text(i)] = "reseller" + Text(i % 2);
        }
        for (int i = 0; i < Children; i++)
        {
            parents["child" + Text(i)] = "customer" + Text(i % Customers);
        }
        for (int i = 0; i < 4; i++)
        {
            parents["tight" + Text(i)] = "customer" + Text(i % Customers);
            parents["address" + Text(i)] = i < 2 ? "reseller" + Text(i) : "";
        }
        return parents;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
