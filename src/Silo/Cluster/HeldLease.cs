namespace Quota.Silo.Cluster;

/// <summary>Permits of one limit that a silo was handed.</summary>
/// <param name="Namespace">The key's namespace.</param>
/// <param name="Key">Whose permits.</param>
/// <param name="Limit">Of which limit.</param>
/// <param name="Silo">Who holds them.</param>
/// <param name="Granted">Units that were handed out.</param>
/// <param name="Spent">Units of these that the holder has said are used.</param>
/// <param name="ExpiresMs">When the lease ends, in ms since 1970.</param>
/// <param name="Phase">Whether it is in use.</param>
public readonly record struct HeldLease(string Namespace, string Key, string Limit, string Silo, long Granted, long Spent, long ExpiresMs, LeasePhase Phase);
