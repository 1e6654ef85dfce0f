using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>Where the silos of a cluster keep what they define.</summary>
/// <param name="Store">The store they share; not closed by whoever is given this.</param>
/// <param name="Cluster">The cluster's id, 16 bytes.</param>
internal sealed record SharedDefinitions(IGrainStore Store, byte[] Cluster);
