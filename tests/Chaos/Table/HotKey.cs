namespace Quota.Chaos.Table;

/// <summary>A key that every silo is asked for at twice what its limit admits.</summary>
/// <param name="Limit">How its row is called.</param>
/// <param name="Plan">Its plan, which has that one limit.</param>
internal sealed record HotKey(string Limit, string Plan)
{
    public const double PeriodSeconds = 2;

    /// <summary>In any time of this length the bucket admits its burst and two more periods' refill at most: less than what is asked for.</summary>
    public const double BucketSpanSeconds = 2 * PeriodSeconds;

    /// <summary>By how much silos may differ that follow clocks which differ: the age of a sign of life (docs/CLUSTER.md).</summary>
    public const double ClocksSeconds = 1;

    /// <summary>One of each kind of limit.</summary>
    public static readonly HotKey[] All = [new("sliding window", "sliding"), new("token bucket", "bucket"), new("fixed window", "fixed"), new("month quota", "quota")];

    /// <summary>The configuration's namespaces: with leases, and without.</summary>
    public static string Configuration(ChaosOptions options)
    {
        string Namespace(string name, string leases) => $$"""
              {{name}}:
                {{leases}}
                default_plan: sliding
                plans:
                  sliding: { limits: [{ name: l, rate: { amount: {{options.Amount}}, period: 2s } }] }
                  bucket: { limits: [{ name: l, rate: { amount: {{options.Amount}}, period: 2s, algorithm: token_bucket, burst: {{options.Amount}} } }] }
                  fixed: { limits: [{ name: l, rate: { amount: {{options.Amount}}, period: 2s, algorithm: fixed_window } }] }
                  quota: { limits: [{ name: l, quota: { amount: {{QuotaAmount(options)}}, period: month } }] }

            """;
        return "namespaces:\n" + Namespace("leased", "leases: on") + Namespace("exact", "leases: off");
    }

    /// <summary>What is asked for of a key per second, of all silos together: twice what a rate limit admits.</summary>
    public static double DemandPerSecond(ChaosOptions options) => 2 * options.Amount / PeriodSeconds;

    /// <summary>Used up when half of the time is over.</summary>
    public static long QuotaAmount(ChaosOptions options) => (long)(DemandPerSecond(options) * options.Seconds / 2);

    /// <summary>The key's name in a situation: each has keys of its own.</summary>
    public string In(Situation situation) => $"{situation.Name.Replace(' ', '-')}-{Plan}";
}
