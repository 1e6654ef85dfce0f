using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Ends reservations whose time to live is over, within a tenth of a second. One loop runs it; an entry that cannot be handled
/// now (the journal is full) goes back into the queue.
/// </summary>
internal sealed class ExpirySweep(CatalogState catalog, IClock clock, ExpiryQueue expiries, ReservationOperations reservations)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>After a fault, the same reservation is tried again after this long.</summary>
    private const long RetryNs = 1_000_000_000;

    /// <summary>Sweeps until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                Sweep();
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops; what is open now is swept after the next start.
        }
    }

    /// <summary>Ends everything that is due now.</summary>
    public void Sweep()
    {
        Instant now = clock.Now();
        while (expiries.TryTake(now.WindowNs, out byte[]? id))
        {
            Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
            // A namespace that was deleted left no policy behind; its reservations end with it.
            if (catalog.Current.Namespaces.TryGet(owner, out NamespaceModel? space) && reservations.Expire(space, key.ToArray(), id, now) is not null)
            {
                expiries.Add(id, now.WindowNs + RetryNs);
            }
        }
    }
}
