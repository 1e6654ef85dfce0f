using System.Text;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// Looks after what is due in the shared store without being asked for: ends reservations whose time to live is over, takes over the
/// reservations and undelivered events of silos that are gone, and forgets what nobody can see any more.
/// <para>
/// Safe beside the same loops of other silos: every step is a commit under conditions, so a reservation ends once, whoever is first;
/// an event that two silos take over may be sent twice, as any event may.
/// </para>
/// One loop runs it.
/// </summary>
internal sealed class SharedSweep(SharedGrains grains, IGrainStore store, CatalogState catalog, EventSchedule schedule, IClock clock, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Rounds between two looks for what other silos have left: half a minute.</summary>
    private const int RoundsPerScan = 300;

    /// <summary>After a fault, the same reservation is tried again after this long.</summary>
    private const long RetryNs = 1_000_000_000;

    /// <summary>What is overdue by this much has nobody who looks after it.</summary>
    private const long OrphanNs = 60_000_000_000;

    /// <summary>Blocks looked at in one go for ones to forget.</summary>
    private const int ForgetExamine = 4_096;

    /// <summary>Reservations ended at once.</summary>
    private const int ExpiriesAtOnce = 256;

    /// <summary>Sweeps until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            for (int round = 0; await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false); round++)
            {
                await ExpireAsync().ConfigureAwait(false);
                if (round % RoundsPerScan == 0)
                {
                    await TakeOverAsync(cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops; what is open now is taken over by others, or by this one after its next start.
        }
    }

    /// <summary>Ends the reservations that are due.</summary>
    public async Task ExpireAsync()
    {
        Instant now = clock.Now();
        var ends = new List<Task>();
        while (ends.Count < ExpiriesAtOnce && grains.Expiries.TryTake(now.WindowNs, out byte[]? id))
        {
            Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
            if (catalog.Current.Namespaces.TryGet(owner, out NamespaceModel? space))
            {
                ends.Add(ExpireAsync(space, key.ToArray(), id, now));
            }
        }
        await Task.WhenAll(ends).ConfigureAwait(false);
    }

    /// <summary>Finds what other silos have left, and forgets what is past its time.</summary>
    public async Task TakeOverAsync(CancellationToken cancellation)
    {
        Instant now = clock.Now();
        try
        {
            await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync([GrainId.ReservationRecord], cancellation).ConfigureAwait(false))
            {
                if (!RecordHead.IsTombstone(grain.State.Span) && ReservationState.IsOpen(grain.State.Span) && ReservationState.ExpiresNs(grain.State.Span) <= now.WindowNs)
                {
                    grains.Expiries.Add(id, now.WindowNs);
                }
            }
            await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync([GrainId.EventRecord], cancellation).ConfigureAwait(false))
            {
                if (ThresholdEventRecord.TryReadDelivery(grain.State.Span, out EventDelivery delivery) && delivery.State == EventState.Pending && delivery.NextAttemptNs + OrphanNs <= now.WindowNs)
                {
                    Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out _));
                    schedule.Restore(Encoding.UTF8.GetString(owner), id, delivery.NextAttemptNs, now.WindowNs);
                }
            }
            await store.ForgetAsync(now.WindowNs, ForgetExamine, cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            logger.LogWarning("The store cannot be looked through for what is due, which is tried again: {Reason}", e.Message);
        }
    }

    private async Task ExpireAsync(NamespaceModel space, byte[] key, byte[] id, Instant now)
    {
        StepFault? fault = await grains.Steps.RunAsync(
            [UsageMover.KeyId(space, key)],
            bench => bench.Reservations.Expire(space, key, id, bench.At),
            StepFault? (cause) => cause).ConfigureAwait(false);
        if (fault is not null)
        {
            grains.Expiries.Add(id, now.WindowNs + RetryNs);
        }
    }
}
