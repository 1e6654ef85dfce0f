namespace Quota.Silo.Limiting;

/// <summary>A cost in a unit besides requests: where the unit's name stands in the request's buffer, and the units.</summary>
public readonly record struct NamedCost(int NameStart, int NameLength, long Units);
