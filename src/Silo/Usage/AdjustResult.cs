using Quota.Grains.Usage;

namespace Quota.Silo.Usage;

/// <summary>What became of an adjustment.</summary>
/// <param name="Outcome">As the month answered.</param>
/// <param name="State">The key's usage after it, read in the same step; null if the adjustment could not be kept.</param>
/// <param name="Unavailable">Why it could not be kept: the journal or the store.</param>
public sealed record AdjustResult(AdjustOutcome Outcome, KeyUsageState? State, string? Unavailable = null);
