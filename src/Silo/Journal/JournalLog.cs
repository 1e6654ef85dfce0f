namespace Quota.Silo.Journal;

/// <summary>Every line the journal logs. None is on the way of a record.</summary>
internal static partial class JournalLog
{
    [LoggerMessage(1, LogLevel.Critical, "Journal {Location}: a write or sync failed. Nothing is acknowledged until a restart.")]
    public static partial void Failed(ILogger log, string location, Exception failure);

    [LoggerMessage(2, LogLevel.Error, "Journal {Location}: no room for the next segment ({Why}). Decisions stop when the present one is full.")]
    public static partial void NoNextSegment(ILogger log, string location, string why);

    [LoggerMessage(3, LogLevel.Information, "Journal {Location}: there is room again.")]
    public static partial void RoomAgain(ILogger log, string location);

    [LoggerMessage(4, LogLevel.Information, "Journal {Location}: replayed {Records} records from {Segments} segments in {DurationMs} ms; {TornBytes} torn bytes dropped; clean: {Clean}.")]
    public static partial void Replayed(ILogger log, string location, long records, int segments, long durationMs, long tornBytes, bool clean);

    [LoggerMessage(5, LogLevel.Critical, "Journal {Location}: synced records are lost, and the loss was accepted: {File} from byte {Offset}, {Bytes} bytes. {Why}")]
    public static partial void LossAccepted(ILogger log, string location, string file, long offset, long bytes, string why);

    [LoggerMessage(6, LogLevel.Warning, "Journal {Location}: released segments could not be removed; tried again later.")]
    public static partial void NotRemoved(ILogger log, string location, Exception failure);
}
