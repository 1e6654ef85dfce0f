using System.Diagnostics;

namespace Quota.Silo.Journal;

/// <summary>
/// Opens a journal.
/// <para>
/// 1. Take the lock. 2. Read the headers. 3. Replay the log to its end. 4. Sync what was replayed: a process that was killed may
/// have left it in the system's cache only, and from here on others' decisions are built on it. 5. Prepare a new segment, under a
/// number never used before; what follows the log's end is never written to. 6. Write and sync its first frame, which says where
/// the log before ended: from now on torn bytes beyond that are known to be no part of it.
/// </para>
/// </summary>
internal static class JournalRecovery
{
    public static JournalOpening Open(JournalOptions options, JournalRecordVisitor visit)
    {
        options.Validate();
        IDisposable? held = null;
        JournalOpening? opening = null;
        try
        {
            held = options.Files.TryLock();                                                     // 1
            opening = held is null
                ? Refuse(JournalOpenOutcome.Locked, $"{options.Files.Location} is in use by another process.", new JournalReport())
                : Open(options, visit, held);
        }
        catch (Exception failure) when (JournalHealth.IsIoFailure(failure))
        {
            opening = Refuse(JournalOpenOutcome.Unreadable, $"{options.Files.Location}: {failure.Message}", new JournalReport());
        }
        finally
        {
            if (opening is not { IsOpen: true })
            {
                held?.Dispose();
            }
        }
        return opening;
    }

    private static JournalOpening Open(JournalOptions options, JournalRecordVisitor visit, IDisposable held)
    {
        long start = Stopwatch.GetTimestamp();
        SegmentCatalog catalog = SegmentCatalog.Read(options, out JournalOpening? refusal);     // 2
        if (refusal is not null)
        {
            return refusal;
        }
        LogWalk walk = new(options, catalog, visit);
        bool isWhole = (catalog.Losses.Count == 0 || options.AcceptLoss) && walk.Run();         // 3
        JournalReport report = Report(catalog, walk, Stopwatch.GetElapsedTime(start));
        if (!isWhole)
        {
            JournalLoss loss = report.Losses[^1];
            return Refuse(JournalOpenOutcome.Corrupt,
                $"{loss.File} from byte {loss.Offset}, {loss.Bytes} bytes: {loss.Why} Accept the loss to start without them.", report);
        }
        Announce(options, report);
        foreach (SegmentEntry segment in catalog.Segments)                                      // 4
        {
            using IJournalFile file = options.Files.Open(segment.Name);
            file.Sync();
        }
        return Start(options, catalog, walk.LinkLsn, report, held);
    }

    private static JournalOpening Start(JournalOptions options, SegmentCatalog catalog, long linkLsn, JournalReport report, IDisposable held)
    {
        options.Files.Delete(SegmentName.Unfinished);
        if (catalog is { HasSpareFile: true, HasUsableSpare: false })
        {
            options.Files.Delete(SegmentName.Spare);
        }
        PendingRecords pending = new(options.PendingBytesMax);
        SegmentSupply supply = new(options, pending, catalog, Lsn.Segment(linkLsn));
        supply.Work(mayExceedBound: true);                                                      // 5
        if (supply.IsStarved)
        {
            return Refuse(JournalOpenOutcome.NoRoom, $"{options.Files.Location}: no room for a segment: {supply.Shortage}.", report);
        }
        JournalHealth health = new(options, pending);
        SegmentLog log = new(options, pending, supply, health, linkLsn);
        if (!log.WriteMark(FrameKind.Opening) || !log.Commit())                                 // 6
        {
            log.Close();
            return Refuse(JournalOpenOutcome.Unreadable, $"{options.Files.Location}: the first write or sync failed.", report);
        }
        FileJournal journal = new(options, pending, supply, log, health, held);
        return new JournalOpening(JournalOpenOutcome.Opened, "The journal is open.", report, journal);
    }

    private static JournalReport Report(SegmentCatalog catalog, LogWalk walk, TimeSpan duration) => new()
    {
        Segments = walk.Segments,
        FirstSegment = catalog.Segments.Count == 0 ? 0 : catalog.Segments[0].Number,
        Frames = walk.Frames,
        Records = walk.Records,
        RecordBytes = walk.RecordBytes,
        TornBytes = walk.TornBytes,
        Clean = walk.IsClean,
        Losses = walk.Losses,
        Duration = duration,
    };

    private static void Announce(JournalOptions options, JournalReport report)
    {
        string location = options.Files.Location;
        long milliseconds = (long)report.Duration.TotalMilliseconds;
        JournalLog.Replayed(options.Log, location, report.Records, report.Segments, milliseconds, report.TornBytes, report.Clean);
        foreach (JournalLoss loss in report.Losses)
        {
            JournalLog.LossAccepted(options.Log, location, loss.File, loss.Offset, loss.Bytes, loss.Why);
        }
    }

    private static JournalOpening Refuse(JournalOpenOutcome outcome, string message, JournalReport report) => new(outcome, message, report, null);
}
