namespace Quota.Silo.Cluster;

/// <summary>
/// Places partitions on silos. The one implementation needs Orleans, whose packages not every feed serves; so it is in a program of
/// its own (src/Silo.Orleans), which is <c>quota</c> with this handed in. A second program instead of an assembly that is found by its
/// name: its dependencies are resolved by the build like all others, and there is nothing to load that could be missing or of another
/// version.
/// </summary>
internal interface IClusterPlugin
{
    /// <summary>Joins the cluster. From then on the map of the host's router follows the cluster.</summary>
    /// <param name="settings">Which cluster.</param>
    /// <param name="host">The silo.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What leaves the cluster when it is disposed of, its partitions handed over; or why the silo cannot join.</returns>
    Task<(IAsyncDisposable? Membership, string? Error)> JoinAsync(OrleansSettings settings, PartitionHost host, CancellationToken cancellation);
}
