namespace Quota.Silo.Store;

/// <summary>Which entries of the audit trail are asked for.</summary>
/// <param name="Namespace">Only of this namespace; empty: of all.</param>
/// <param name="Key">Only of this key; empty: of everything.</param>
/// <param name="FromMs">Only at or after this instant, in ms since 1970.</param>
public readonly record struct AuditFilter(string Namespace, string Key, long FromMs);
