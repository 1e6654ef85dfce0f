using Quota.Silo.Execution.Local;
using Quota.Silo.Journal;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;

namespace Quota.Silo.Hosting;

/// <summary>What a silo remembers with: the journal, the embedded store, and the key table brought back from both.</summary>
internal sealed class SiloStorage : IAsyncDisposable
{
    private SiloStorage(IGrainStore store, FileJournal journal, JournalReport report, KeyTable table, RecoveryResult recovered, long latestWindowNs)
    {
        Store = store;
        Journal = journal;
        Report = report;
        Table = table;
        Recovered = recovered;
        LatestWindowNs = latestWindowNs;
    }

    public IGrainStore Store { get; }

    public FileJournal Journal { get; }

    public JournalReport Report { get; }

    public KeyTable Table { get; }

    public RecoveryResult Recovered { get; }

    /// <summary>The latest instant of the window scale that journal or store have seen; the clock goes on from there.</summary>
    public long LatestWindowNs { get; }

    /// <summary>Opens the data directory and replays its journal.</summary>
    /// <param name="settings">Where, and with which bounds.</param>
    /// <param name="acceptLoss">Start although synced records are damaged.</param>
    /// <param name="logger">Told of what recovery found.</param>
    /// <param name="cancellation">Gives up between steps.</param>
    /// <returns>The storage, or the reason why there is none.</returns>
    public static async Task<(SiloStorage? Storage, string? Error)> OpenAsync(SiloSettings settings, bool acceptLoss, ILogger logger, CancellationToken cancellation)
    {
        IGrainStore? store = null;
        try
        {
            Directory.CreateDirectory(settings.DataDirectory);
            store = new SqliteGrainStore(Path.Combine(settings.DataDirectory, "grains.db"));
            var table = new KeyTable(new LayoutRegistry(), settings.ResidentBlocksMax);
            // 1. Layouts first: the journal names those of older segments by id only.
            await Recovery.RestoreLayoutsAsync(table, store, cancellation).ConfigureAwait(false);
            long latest = await store.LoadNumberAsync(Checkpointer.LatestWindowNumber, cancellation).ConfigureAwait(false) ?? 0;
            await RecordRestorer.RestoreAsync(table, store, latest, cancellation).ConfigureAwait(false);
            // 2. Everything the journal still holds is newer than what the store holds.
            var recovery = new Recovery(table);
            JournalOpening opening = FileJournal.Open(JournalOptions.For(settings, logger) with { AcceptLoss = acceptLoss }, recovery.Visit);
            if (!opening.IsOpen)
            {
                return (null, opening.Outcome == JournalOpenOutcome.Corrupt ? opening.Message + "; --accept-journal-loss starts without the damaged part" : opening.Message);
            }
            if (opening.Report.Losses.Count > 0)
            {
                logger.LogWarning("Of the journal's readable records, {Unreadable} name what was lost and {Older} have no earlier bytes of their key to count on: some of them may be lost as well", recovery.Unreadable, recovery.Result.Older);
            }
            else if (recovery.Unreadable > 0)
            {
                await opening.Journal.DisposeAsync().ConfigureAwait(false);
                return (null, $"the journal holds {recovery.Unreadable} records that this build cannot read");
            }
            var storage = new SiloStorage(store, opening.Journal, opening.Report, table, recovery.Result, Math.Max(latest, recovery.Result.Latest.WindowNs));
            store = null;
            return (storage, null);
        }
        catch (Exception e) when (e is StoreException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (null, e.Message);
        }
        finally
        {
            if (store is not null)
            {
                await store.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Journal.DisposeAsync().ConfigureAwait(false);
        await Store.DisposeAsync().ConfigureAwait(false);
    }
}
