using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>What a reservation holds on one limit.</summary>
/// <param name="Level">Level of the key whose limit it is.</param>
/// <param name="Unit">Index of the unit among those of the reservation.</param>
/// <param name="Limit">Name of the limit.</param>
/// <param name="ValueId">Id of the block of a limit that counts per attribute value; empty: the key's own block.</param>
/// <param name="Held">Units counted; 0 if the unit was named with no cost.</param>
/// <param name="At">When they were counted.</param>
internal readonly record struct ReservedPart(int Level, int Unit, string Limit, byte[] ValueId, long Held, Instant At);
