using Quota.Grains.Usage;

namespace Quota.Silo.Usage;

/// <summary>A month that a namespace has records of.</summary>
/// <param name="Month">Which.</param>
/// <param name="Keys">Keys with a record.</param>
/// <param name="SealedKeys">Of these, keys whose record is sealed.</param>
public sealed record MonthCount(MonthLabel Month, long Keys, long SealedKeys);
