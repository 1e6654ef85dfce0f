namespace Quota.Silo.Catalog;

/// <summary>What a namespace answers when a decision cannot be made or kept safe.</summary>
public enum FailurePolicy
{
    /// <summary>An error (UNAVAILABLE, RESOURCE_EXHAUSTED), so that the caller's own failure mode applies.</summary>
    Error,

    /// <summary>Allowed, and the answer says that it was by this policy.</summary>
    Allow,

    /// <summary>Refused, and the answer says that it was by this policy.</summary>
    Deny,
}
