using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Execution.Local;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>The leases that all silos hold on one key that is erased. Safe for concurrent use: it has no state of its own.</summary>
internal sealed class KeyLeases(SharedGrains grains, IGrainStore store, LeaseDesk desk, IClock clock, SharedRuntime runtime)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until every lease on the key that was granted before now is settled, for as long as leases usually last.</summary>
    /// <returns>Null, or who has not settled.</returns>
    public async ValueTask<string?> SettleAsync(NamespaceModel owner, byte[] key, byte[] keyId, CancellationToken cancellation)
    {
        Instant begun = clock.Now();
        byte[] prefix = GrainId.PrefixOf(GrainId.LeaseRecord, owner.NameUtf8, key);
        long start = runtime.Time.GetTimestamp();
        while (true)
        {
            await grains.Settler!.SettleKeyAsync(keyId).ConfigureAwait(false);
            var holders = new SortedSet<string>(StringComparer.Ordinal);
            await foreach ((byte[] bookId, LeaseEntry lease) in LeaseSweep.ScanAsync(store, prefix, cancellation).ConfigureAwait(false))
            {
                if (lease.GrantedAt.WindowNs > begun.WindowNs)
                {
                    continue;
                }
                byte[] blockId = LeaseBook.BlockIdOf(bookId);
                bool isLost = clock.Now().WindowNs >= lease.EndNs + Duration.NsFromMs(owner.Leases.LostAfterMs);
                if (lease.Holder == desk.Holder || (isLost && owner.Leases.Lost != LostLeases.Keep))
                {
                    // One that this silo did not know of; or one that any silo may settle.
                    desk.Watch(new CheckBlock(owner, blockId, keyId, null, blockId[0] == GrainId.KeyBlock ? -1 : 0, default));
                }
                else if (isLost)
                {
                    await grains.Steps.RunAsync(
                        [keyId],
                        bench => bench.Run([keyId], transaction => Drop(transaction, bookId, lease.Id)),
                        StepFault? (cause) => cause).ConfigureAwait(false);
                }
                holders.Add(lease.Silo);
            }
            if (holders.Count == 0)
            {
                return null;
            }
            if (runtime.Time.GetElapsedTime(start).TotalMilliseconds >= Bounds.EraseLeasesWaitMs)
            {
                return FormattableString.Invariant($"leases of the key are not settled by {string.Join(", ", holders)}; repeat the call once they have done so, or {owner.Leases.LostAfterMs / 1000} s after the leases have ended");
            }
            await Task.Delay(LookEvery, runtime.Time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A lost lease whose permits stay counted leaves no trace once the counters go: it leaves the book.</summary>
    private static void Drop(GrainTransaction transaction, byte[] bookId, long leaseId)
    {
        if (!transaction.TryRead(bookId, out TransactionBlock? book) || !LeaseBook.TryDecode(book.State, out List<LeaseEntry> leases) || leases.RemoveAll(l => l.Id == leaseId) == 0)
        {
            return;
        }
        if (leases.Count == 0)
        {
            transaction.Delete(bookId);
        }
        else
        {
            transaction.Write(bookId, Grains.Model.CounterLayout.Record, LeaseBook.Encode(leases));
        }
    }
}
