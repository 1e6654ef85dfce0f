namespace Quota.Silo.Cluster;

/// <summary>Whether and how silos of a cluster decide on keys of a namespace alone: <c>leases</c> of the namespace.</summary>
public sealed record LeasePolicy
{
    /// <summary>Hot keys are leased; otherwise every check is decided in the store.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>A lease lasts at most this long; it never outlasts what it was counted in (a bucket, a period, a day of usage). 50 to 60,000.</summary>
    public int DurationMs { get; init; } = 2_000;

    /// <summary>What becomes of permits whose silo does not come back.</summary>
    public LostLeases Lost { get; init; } = LostLeases.Keep;

    /// <summary>A lease counts as lost this long after it ended. 1,000 to 31 days.</summary>
    public long LostAfterMs { get; init; } = 600_000;
}
