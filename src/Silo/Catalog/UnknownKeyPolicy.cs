namespace Quota.Silo.Catalog;

/// <summary>What a namespace does with a key that its configuration does not name and whose request names no plan.</summary>
public enum UnknownKeyPolicy
{
    /// <summary>The key is put on the namespace's default plan.</summary>
    DefaultPlan,

    /// <summary>Allowed, without counting.</summary>
    Allow,

    /// <summary>Refused.</summary>
    Deny,
}
