namespace Quota.Silo.Execution.Local;

/// <summary>A unit of a reservation: what was estimated, and what it was settled with.</summary>
internal readonly record struct ReservedUnit(string Name, long Estimate, long Settled);
