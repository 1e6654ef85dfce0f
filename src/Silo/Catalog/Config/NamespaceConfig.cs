using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Silo.Cluster;

namespace Quota.Silo.Catalog.Config;

/// <summary>The settings of one namespace, within bounds; the plans it names are not looked up yet.</summary>
internal sealed record NamespaceConfig
{
    public UnknownKeyPolicy UnknownKeys { get; init; } = UnknownKeyPolicy.Deny;

    /// <summary>Set if <see cref="UnknownKeys"/> is <see cref="UnknownKeyPolicy.DefaultPlan"/>.</summary>
    public string? DefaultPlan { get; init; }

    /// <summary>The plan of the namespace as a whole.</summary>
    public string? Plan { get; init; }

    public SyncMode Sync { get; init; }

    public FailurePolicy OnFailure { get; init; }

    public long RequestIdWindowNs { get; init; } = Bounds.RequestIdWindowNsDefault;

    public int RequestIdsPerKeyMax { get; init; } = Bounds.RequestIdsPerKeyDefault;

    public bool SettlesExpired { get; init; } = true;

    public int ReservationsPerKeyMax { get; init; } = Bounds.ReservationsPerKeyDefault;

    public BillingModel Billing { get; init; } = BillingModel.Utc;

    public long SealGraceMs { get; init; } = Bounds.SealGraceMsDefault;

    public int RetentionMonths { get; init; } = Bounds.RetentionMonthsDefault;

    public WebhookModel? Webhook { get; init; }

    public LeasePolicy Leases { get; init; } = new();

    /// <summary>The duration of leases if it is given: then no limit may have a shorter period. Otherwise 0.</summary>
    public long LeaseDurationNs { get; init; }
}
