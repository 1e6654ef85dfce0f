using Quota.Contracts;
using Quota.Silo.Cluster;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads <c>leases</c> of a namespace: <c>on</c>, <c>off</c>, or a mapping.</summary>
internal static class LeaseReader
{
    private const long MsNs = 1_000_000;

    private static readonly Dictionary<string, bool> Modes = new(StringComparer.Ordinal)
    {
        ["on"] = true,
        ["off"] = false,
    };

    private static readonly Dictionary<string, LostLeases> LostPolicies = new(StringComparer.Ordinal)
    {
        ["keep"] = LostLeases.Keep,
        ["spend"] = LostLeases.Spend,
        ["release"] = LostLeases.Release,
    };

    /// <summary>The namespace's settings with what is said of leases; meaningful if it added no errors.</summary>
    public static NamespaceConfig Read(FieldReader fields, NamespaceConfig config)
    {
        if (fields.Take("leases") is ConfigScalar { IsNull: false })
        {
            return config with { Leases = new LeasePolicy { Enabled = fields.Choice("leases", Modes, true) } };
        }
        if (fields.Mapping("leases") is not { } leases)
        {
            return config;
        }
        bool isGiven = leases.Take("duration") is not null;
        long durationNs = leases.DurationNs("duration", Bounds.LeaseDurationMsMin * MsNs, Bounds.LeaseDurationMsMax * MsNs, Bounds.LeaseDurationMsDefault * MsNs);
        var policy = new LeasePolicy
        {
            Enabled = leases.Choice("mode", Modes, true),
            DurationMs = (int)(durationNs / MsNs),
            Lost = leases.Choice("lost", LostPolicies, LostLeases.Keep),
            LostAfterMs = leases.DurationNs("lost_after", Bounds.LeaseLostAfterMsMin * MsNs, Bounds.LeaseLostAfterMsMax * MsNs, Bounds.LeaseLostAfterMsDefault * MsNs) / MsNs,
        };
        leases.Finish();
        return config with { Leases = policy, LeaseDurationNs = isGiven && policy.Enabled ? durationNs : 0 };
    }
}
