using System.Collections.Frozen;
using System.Text;
using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Silo.Cluster;

namespace Quota.Silo.Catalog;

/// <summary>
/// One namespace: its settings, immutable, and its plans and keys, which change in place. A change of the settings, or of what
/// <see cref="Counters"/> says, is another model over the same plans and keys.
/// </summary>
public sealed class NamespaceModel
{
    public NamespaceModel(string name)
    {
        Name = name;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
    }

    public string Name { get; }

    /// <summary><see cref="Name"/> in UTF-8.</summary>
    public byte[] NameUtf8 { get; }

    public required Utf8Map<PlanModel> Plans { get; init; }

    public required Utf8Map<KeyState> Keys { get; init; }

    public UnknownKeyPolicy UnknownKeys { get; init; }

    /// <summary>Set if <see cref="UnknownKeys"/> is <see cref="UnknownKeyPolicy.DefaultPlan"/>.</summary>
    public PlanModel? DefaultPlan { get; init; }

    /// <summary>The counters of all plans that are kept once per key.</summary>
    public IReadOnlySet<CounterShape> Counters
    {
        get => field ??= Plans.Values.SelectMany(p => p.Layout.Shapes).ToFrozenSet();
        init;
    }

    public SyncMode Sync { get; init; }

    public FailurePolicy OnFailure { get; init; }

    /// <summary>The namespace as the root of the hierarchy, if it has a plan: the level above every key without a parent. Its key is empty.</summary>
    public KeyState? Root { get; init; }

    /// <summary>How long a request id is remembered.</summary>
    public long RequestIdWindowNs { get; init; } = Bounds.RequestIdWindowNsDefault;

    /// <summary>Request ids remembered per key.</summary>
    public int RequestIdsPerKeyMax { get; init; } = Bounds.RequestIdsPerKeyDefault;

    /// <summary>An expired reservation that did not say otherwise is settled as estimated; otherwise it is cancelled.</summary>
    public bool SettlesExpired { get; init; } = true;

    /// <summary>Open reservations per key.</summary>
    public int ReservationsPerKeyMax { get; init; } = Bounds.ReservationsPerKeyDefault;

    /// <summary>The billing calendar of keys that name none.</summary>
    public BillingModel Billing { get; init; } = BillingModel.Utc;

    /// <summary>A month is sealed this long after its end.</summary>
    public long SealGraceMs { get; init; } = Bounds.SealGraceMsDefault;

    /// <summary>Where threshold events are sent; null for the log alone.</summary>
    public WebhookModel? Webhook { get; init; }

    /// <summary>Months that usage is kept after it was sealed.</summary>
    public int RetentionMonths { get; init; } = Bounds.RetentionMonthsDefault;

    /// <summary>Whether and how silos of a cluster decide on keys alone.</summary>
    public LeasePolicy Leases { get; init; } = new();

    /// <summary>The calendar a key is billed by, defined or not; the empty key is the namespace as a whole.</summary>
    public BillingModel BillingOf(ReadOnlySpan<byte> key) =>
        key.IsEmpty ? Root?.Current.Plan.Billing ?? Billing
        : Keys.TryGet(key, out KeyState? state) ? state.Current.Plan.Billing ?? Billing
        : DefaultPlan?.Billing ?? Billing;
}
