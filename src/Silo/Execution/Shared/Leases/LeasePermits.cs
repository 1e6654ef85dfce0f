namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>Permits of one limit.</summary>
/// <param name="Limit">The limit's name.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="Granted">Permits that were counted.</param>
/// <param name="IsConditional">Not every request counts on the limit.</param>
internal sealed record LeasePermits(string Limit, string Unit, long Granted, bool IsConditional);
