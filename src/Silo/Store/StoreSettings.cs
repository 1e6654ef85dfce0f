namespace Quota.Silo.Store;

/// <summary>Which store the silos of a cluster share: <c>server.store</c> of the configuration.</summary>
public abstract record StoreSettings
{
    /// <summary>Create tables that are not there; otherwise a store without them is refused at start.</summary>
    public bool Create { get; init; } = true;

    /// <summary>One call to the store, its retries included, fails after this long. 100 to 30,000.</summary>
    public int TimeoutMs { get; init; } = 2_000;

    /// <summary>How long a start waits for a store that does not answer; 0: it is asked once. 0 to 600,000.</summary>
    public int StartTimeoutMs { get; init; } = (int)Contracts.Bounds.StoreStartTimeoutMsDefault;
}
