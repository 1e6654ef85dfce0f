using System.Buffers.Binary;
using Quota.Silo.Journal;

namespace Quota.Silo.Tests.Journal;

/// <summary>Small journals, their records, and opening them.</summary>
internal static class JournalTestKit
{
    public const int SegmentBytes = 16 * 1024;
    public const int RecordBytesMax = 1024;
    public const ulong JournalId = 0x1122334455667788;

    /// <summary>How long a test waits for something that is bound to happen.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static JournalOptions Options(IJournalFiles files) => new()
    {
        Files = files,
        SegmentBytes = SegmentBytes,
        BytesMax = 64 * SegmentBytes,
        RecordBytesMax = RecordBytesMax,
        FrameBytesMax = 4096,
        PendingBytesMax = 32 * 1024,
        Time = new FrozenTime(),
        OwnThreads = false,
        NewJournalId = () => JournalId,
    };

    public static FileJournal MustOpen(JournalOptions options, List<byte[]>? records = null)
    {
        JournalOpening opening = FileJournal.Open(options, (record, _) => records?.Add(record.ToArray()));
        Assert.True(opening.IsOpen, opening.Message);
        return opening.Journal;
    }

    /// <summary>What a start finds on this disk; the opened journal is dropped as if the process were killed.</summary>
    public static (JournalOpening Opening, List<byte[]> Records) ReplayAll(SimulatedDisk disk, bool acceptLoss = false)
    {
        List<byte[]> records = [];
        JournalOpening opening = FileJournal.Open(Options(disk.Copy()) with { AcceptLoss = acceptLoss }, (record, _) => records.Add(record.ToArray()));
        return (opening, records);
    }

    /// <summary>A record that says which it is: a number, then filling that depends on it.</summary>
    public static byte[] Record(int number, int bytes)
    {
        byte[] record = new byte[Math.Max(bytes, sizeof(int))];
        new Random(number).NextBytes(record);
        BinaryPrimitives.WriteInt32LittleEndian(record, number);
        return record;
    }

    public static int NumberOf(byte[] record)
    {
        int number = BinaryPrimitives.ReadInt32LittleEndian(record);
        Assert.Equal(Record(number, record.Length), record);
        return number;
    }

    public static long Append(FileJournal journal, int number, int bytes = 40)
    {
        Assert.True(journal.TryAppend(Record(number, bytes), out long position));
        return position;
    }

    public static void AssertNumbers(IEnumerable<int> expected, IEnumerable<byte[]> records) => Assert.Equal(expected, records.Select(NumberOf));

    private sealed class FrozenTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);
    }
}
