namespace Quota.Grains;

/// <summary>The decision of a grain over all limits of a check.</summary>
/// <param name="Allowed">No enforcing limit was exceeded.</param>
/// <param name="DecidingLimit">On a refusal the index of the limit that decided, otherwise -1.</param>
/// <param name="CountMask">The limits that count the cost: bit i for limit i. 0 on a refusal and for a peek.</param>
public readonly record struct GrainVerdict(bool Allowed, int DecidingLimit, uint CountMask);
