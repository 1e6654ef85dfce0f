using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// Settles leases that no check renews: this silo's own when they have ended, and those that it had when it was last stopped; and, as
/// the namespace says, those of silos that do not come back. One loop runs it.
/// </summary>
internal sealed class LeaseSweep(LeaseDesk desk, LeaseSettler settler, CatalogState catalog, IGrainStore store, IClock clock, SharedRuntime runtime, ILogger logger)
{
    /// <summary>How long an ended lease waits to be settled, if nobody renews it before.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Rounds of <see cref="Interval"/> between two looks at the leases of all silos: half a minute.</summary>
    private const int RoundsPerScan = 120;

    /// <summary>Sweeps until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, runtime.Time);
        try
        {
            for (int round = 1; await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false); round++)
            {
                if (round % RoundsPerScan == 0)
                {
                    await FindAsync(isStart: false, cancellation).ConfigureAwait(false);
                }
                await SettleDueAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops; its owner settles what is left.
        }
    }

    /// <summary>
    /// Finds leases of this silo, at the start all that it held when it was last stopped and later those that have ended, and such of
    /// others that are lost; and has them settled by the next <see cref="SettleDueAsync"/>. Later there are some if the store could
    /// not be read at the start, or if a commit that this silo has given up arrived after all. A store that cannot be read is tried
    /// again by the next round.
    /// </summary>
    public async Task FindAsync(bool isStart, CancellationToken cancellation)
    {
        try
        {
            await foreach ((byte[] bookId, LeaseEntry lease) in ScanAsync(store, [GrainId.LeaseRecord], cancellation).ConfigureAwait(false))
            {
                Invariant.Check(GrainId.TryReadKey(bookId, out ReadOnlySpan<byte> owner, out _));
                if (!catalog.Current.Namespaces.TryGet(owner, out NamespaceModel? space))
                {
                    continue;
                }
                long nowNs = clock.Now().WindowNs;
                bool isDue = lease.Holder == desk.Holder
                    ? isStart || nowNs >= lease.EndNs
                    : space.Leases.Lost != LostLeases.Keep && nowNs >= lease.EndNs + Duration.NsFromMs(space.Leases.LostAfterMs);
                if (isDue)
                {
                    byte[] blockId = LeaseBook.BlockIdOf(bookId);
                    desk.Watch(new CheckBlock(space, blockId, GrainId.KeyIdOf(blockId), null, blockId[0] == GrainId.KeyBlock ? -1 : 0, default));
                }
            }
        }
        catch (StoreException e)
        {
            logger.LogWarning("The leases in the store cannot be read, which is tried again: {Reason}", e.Message);
        }
    }

    /// <summary>Settles what is due. What cannot be settled now stays due.</summary>
    public Task SettleDueAsync() => settler.SettleAsync(desk.Due(clock.Now()));

    /// <summary>The leases under a prefix of books, with the id of their book.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async IAsyncEnumerable<(byte[] BookId, LeaseEntry Lease)> ScanAsync(IGrainStore store, byte[] prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync(prefix, cancellation).ConfigureAwait(false))
        {
            if (!LeaseBook.TryDecode(grain.State, out List<LeaseEntry> leases))
            {
                throw new StoreException("the store holds leases that this build cannot read");
            }
            foreach (LeaseEntry lease in leases)
            {
                yield return (id, lease);
            }
        }
    }
}
