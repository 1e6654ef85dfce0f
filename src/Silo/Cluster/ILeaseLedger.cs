using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>The port to the leases that grains have handed to silos, whoever keeps them. Safe for concurrent use.</summary>
public interface ILeaseLedger
{
    /// <summary>Every lease that is not settled, in no particular order; one that comes or goes meanwhile may or may not be among them.</summary>
    /// <exception cref="StoreException">The leases cannot be read.</exception>
    IAsyncEnumerable<HeldLease> ScanAsync(CancellationToken cancellation);
}
