namespace Quota.Silo.Catalog;

/// <summary>Whether a key may be used, and what it gets if not.</summary>
public enum KeyStatus : byte
{
    Active,

    /// <summary>Every check is refused, and nothing is counted.</summary>
    DisabledDeny,

    /// <summary>Every check is allowed, and nothing is counted.</summary>
    DisabledAllow,
}
