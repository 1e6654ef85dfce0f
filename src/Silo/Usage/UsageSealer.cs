using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Usage;

/// <summary>
/// Seals months whose grace is over, so that their records say so and a day that an idle key still has in its block is in them.
/// Nothing depends on when it runs: from the end of the grace on nothing is counted in a month anyway.
/// <para>Safety: one round runs at a time; sealing twice changes nothing, so two silos may do it.</para>
/// </summary>
/// <param name="catalog">Namespaces with their grace.</param>
/// <param name="ledger">Where usage is.</param>
/// <param name="clock">Now.</param>
/// <param name="logger">Told what could not be read.</param>
public sealed class UsageSealer(CatalogState catalog, IUsageLedger ledger, IClock clock, ILogger logger)
{
    private bool _oldMonthsDone;

    /// <summary>Runs a round now and then whenever one is due, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Bounds.SealIntervalMs));
        try
        {
            do
            {
                await TryRoundAsync(cancellation).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // Asked to stop; the next start goes on.
        }
    }

    /// <summary>Seals whatever is due in every namespace.</summary>
    /// <returns>Months sealed; null if the store could not be read or written: a later round goes on.</returns>
    public async Task<long?> TryRoundAsync(CancellationToken cancellation)
    {
        try
        {
            long sealedMonths = 0;
            bool all = await ledger.CheckpointAsync(cancellation).ConfigureAwait(false) is not null;
            foreach (NamespaceModel home in catalog.Current.Namespaces.Values)
            {
                foreach (MonthLabel month in await CandidatesAsync(home, cancellation).ConfigureAwait(false))
                {
                    (long count, bool complete) = await SealAsync(home, month, cancellation).ConfigureAwait(false);
                    sealedMonths += count;
                    all &= complete;
                }
            }
            _oldMonthsDone |= all;
            return all ? sealedMonths : null;
        }
        catch (StoreException e)
        {
            logger.LogError("Months could not be sealed; it is tried again: {Reason}", e.Message);
            return null;
        }
    }

    /// <summary>The months that may have ended: after a start all that have records without a seal, later only the last few.</summary>
    private async ValueTask<IReadOnlyCollection<MonthLabel>> CandidatesAsync(NamespaceModel home, CancellationToken cancellation)
    {
        var months = new SortedSet<MonthLabel>();
        MonthLabel month = home.Billing.MonthAt(clock.Now().WallMs);
        for (int back = 0; back <= Bounds.SealMonthsBack; back++, month = month.Previous)
        {
            months.Add(month);
        }
        if (!_oldMonthsDone)
        {
            foreach (MonthCount count in await ledger.CountMonthsAsync(home.NameUtf8, cancellation).ConfigureAwait(false))
            {
                if (count.SealedKeys < count.Keys)
                {
                    months.Add(count.Month);
                }
            }
        }
        return months;
    }

    private async ValueTask<(long Sealed, bool Complete)> SealAsync(NamespaceModel home, MonthLabel month, CancellationToken cancellation)
    {
        long count = 0;
        bool complete = true;
        byte[]? after = null;
        do
        {
            UsagePage page = await ledger.ScanAsync(home.NameUtf8, month, after, Bounds.UsageFlushRows, cancellation).ConfigureAwait(false);
            long nowMs = clock.Now().WallMs;
            // Together, so that they share the journal's commits.
            bool[] done = await Task.WhenAll(page.Keys
                .Where(k => IsDue(home, k, nowMs))
                .Select(k => ledger.SealAsync(home.NameUtf8, k.KeyUtf8, month, cancellation).AsTask())).ConfigureAwait(false);
            count += done.Count(d => d);
            complete &= !done.Contains(false);
            after = page.ContinueAfter;
        }
        while (after is not null);
        return (count, complete);
    }

    private static bool IsDue(NamespaceModel home, KeyUsageState key, long nowMs)
    {
        if (key.Month?.IsSealed ?? false)
        {
            return false;
        }
        long endMs = key.Month?.EndMs ?? UsageCalendar.Open(home.BillingOf(key.KeyUtf8), key.Day!).EndMs;
        return nowMs >= endMs + home.SealGraceMs;
    }
}
