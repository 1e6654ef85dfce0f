using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Hosting;

namespace Quota.Silo.Journal;

/// <summary>How a journal is opened. The bounds default to those of the service; tests make them small.</summary>
public sealed record JournalOptions
{
    /// <summary>Where the segments live.</summary>
    public required IJournalFiles Files { get; init; }

    /// <summary>Bytes of a new segment, a multiple of 4,096. Segments already there may have other sizes.</summary>
    public long SegmentBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Bytes all segments together may take on the disk. Opening may exceed it by one segment, so that it can free others.</summary>
    public long BytesMax { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Largest record taken.</summary>
    public int RecordBytesMax { get; init; } = Bounds.JournalRecordBytesMax;

    /// <summary>Largest frame written.</summary>
    public int FrameBytesMax { get; init; } = Bounds.JournalFrameBytesMax;

    /// <summary>Bytes of records in memory, in two halves: one takes records while the other is being written.</summary>
    public int PendingBytesMax { get; init; } = Bounds.JournalPendingBytesMax;

    /// <summary>
    /// Whether to open a journal in which durable records are damaged or missing: what can be read is replayed, the rest is
    /// reported as lost. An operator's decision, for one start.
    /// </summary>
    public bool AcceptLoss { get; init; }

    /// <summary>Stamps frames and headers; nothing depends on it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Whether the journal runs its own two threads. Deterministic tests run the steps themselves.</summary>
    internal bool OwnThreads { get; init; } = true;

    /// <summary>The id of a journal that does not exist yet.</summary>
    internal Func<ulong> NewJournalId { get; init; } = () => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Bytes at the end of a segment that are not promised to records: see <see cref="SegmentLog"/>.</summary>
    internal long MarginBytes => FrameHeader.AloneBytes(RecordBytesMax);

    /// <summary>The journal of a silo: the directory <c>journal</c> in its data directory.</summary>
    public static JournalOptions For(SiloSettings settings, ILogger log) => new()
    {
        Files = new DiskJournalFiles(Path.Combine(settings.DataDirectory, "journal")),
        SegmentBytes = settings.JournalSegmentBytes,
        BytesMax = settings.JournalBytesMax,
        Log = log,
    };

    /// <summary>Throws <see cref="ArgumentException"/> naming the setting that is out of its range.</summary>
    internal void Validate()
    {
        Require(SegmentBytes % SegmentHeader.Bytes == 0 && SegmentBytes <= Bounds.JournalSegmentBytesMax
            && SegmentBytes >= SegmentHeader.Bytes + (2 * MarginBytes), nameof(SegmentBytes));
        Require(BytesMax >= Bounds.JournalSegmentsMin * SegmentBytes, nameof(BytesMax));
        Require(RecordBytesMax is > 0 and <= Bounds.JournalRecordBytesMax, nameof(RecordBytesMax));
        Require(FrameBytesMax <= Bounds.JournalFrameBytesMax && FrameBytesMax >= FrameHeader.AloneBytes(RecordBytesMax), nameof(FrameBytesMax));
        Require(PendingBytesMax / 2 >= FrameHeader.AloneBytes(RecordBytesMax), nameof(PendingBytesMax));
    }

    /// <summary>Bytes of a segment with this much room that are promised to records.</summary>
    internal long PromisedBytes(long freeBytes)
    {
        Invariant.Check(freeBytes >= 0);
        return Math.Max(0, freeBytes - MarginBytes);
    }

    private static void Require(bool holds, string setting)
    {
        if (!holds)
        {
            throw new ArgumentException($"Journal: {setting} is out of its range.", setting);
        }
    }
}
