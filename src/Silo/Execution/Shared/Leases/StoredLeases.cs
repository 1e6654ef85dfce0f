using System.Text;
using Quota.Silo.Cluster;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>The leases of all silos as the store has them. Safe for concurrent use: it has no state of its own.</summary>
internal sealed class StoredLeases(IGrainStore store, IClock clock) : ILeaseLedger
{
    public async IAsyncEnumerable<HeldLease> ScanAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach ((byte[] bookId, LeaseEntry lease) in LeaseSweep.ScanAsync(store, [GrainId.LeaseRecord], cancellation).ConfigureAwait(false))
        {
            Grains.Invariant.Check(GrainId.TryReadKey(bookId, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
            string ownerName = Encoding.UTF8.GetString(owner);
            string keyName = Encoding.UTF8.GetString(key);
            Grains.Instant now = clock.Now();
            long endMs = now.WallMs + ((lease.EndNs - now.WindowNs) / 1_000_000);
            LeasePhase phase = lease.EndNs > now.WindowNs ? LeasePhase.Active : LeasePhase.Unsettled;
            // A plan without limits is leased as well: its usage is counted ahead.
            foreach (LeasePermits permits in lease.Permits.Count > 0 ? lease.Permits : [new LeasePermits("", "", 0, false)])
            {
                yield return new HeldLease(ownerName, keyName, permits.Limit, lease.Silo, permits.Granted, 0, endMs, phase);
            }
        }
    }
}
