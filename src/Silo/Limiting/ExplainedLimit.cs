using Quota.Grains.Model;

namespace Quota.Silo.Limiting;

/// <summary>One limit of an explanation.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Applies">Whether the check touches it.</param>
/// <param name="Why">Why, or why not.</param>
/// <param name="Amount">The most it admits now, roll-over included.</param>
/// <param name="Used">Units in use, as the limit counts them.</param>
/// <param name="WindowStartMs">Where the window or period begins, by the wall clock; 0 where the algorithm has none.</param>
/// <param name="WindowEndMs">Where it ends.</param>
/// <param name="RolledOver">Quota: units carried over.</param>
/// <param name="InitialOffset">Quota: units that counted as used from the start.</param>
public sealed record ExplainedLimit(LimitModel Limit, bool Applies, string Why, long Amount, long Used, long WindowStartMs, long WindowEndMs, long RolledOver, long InitialOffset);
