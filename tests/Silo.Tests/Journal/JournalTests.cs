using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>The journal on a disk without faults, step by step.</summary>
public sealed class JournalTests
{
    private readonly SimulatedDisk _disk = new();

    [Fact]
    public void Records_of_all_sizes_come_back_in_order_with_growing_lsns()
    {
        FileJournal journal = MustOpen(Options(_disk));
        for (int number = 0; number < 300; number++)
        {
            Append(journal, number, 4 + (number * 37 % (RecordBytesMax - 4)));
            if (number % 7 == 0)
            {
                journal.CommitOnce();
                journal.SupplyOnce();
            }
        }
        journal.CommitOnce();
        List<long> lsns = [];
        List<byte[]> records = [];
        JournalOpening opening = FileJournal.Open(Options(_disk.Copy()), (record, lsn) =>
        {
            lsns.Add(lsn);
            records.Add(record.ToArray());
        });
        AssertNumbers(Enumerable.Range(0, 300), records);
        Assert.Equal(lsns.Order().Distinct(), lsns);
        Assert.Equal(300, opening.Report.Records);
        Assert.Equal(records.Sum(record => record.Length), opening.Report.RecordBytes);
        Assert.True(opening.Report.Segments > 5);
        Assert.False(opening.Report.Clean);
        Assert.Equal(0, opening.Report.TornBytes);
    }

    [Fact]
    public async Task Waiters_complete_with_the_sync_that_covers_them_and_not_before()
    {
        List<string> order = [];
        FileJournal journal = MustOpen(Options(_disk));
        _disk.Before = (operation, _) => order.Add(operation);
        ValueTask<bool> first = journal.WaitDurableAsync(Append(journal, 1));
        ValueTask<bool> second = journal.WaitDurableAsync(Append(journal, 2));
        _disk.Before = (operation, _) =>
        {
            order.Add(operation);
            Assert.False(first.IsCompleted || second.IsCompleted);
        };
        journal.CommitOnce();
        Assert.True(await first && await second);
        Assert.Equal(["write", "sync"], order);
        AssertNumbers([1, 2], ReplayAll(_disk.CutPower(new Random(1))).Records);
    }

    [Fact]
    public async Task A_durable_position_is_answered_at_once()
    {
        FileJournal journal = MustOpen(Options(_disk));
        long position = Append(journal, 1);
        journal.CommitOnce();
        ValueTask<bool> wait = journal.WaitDurableAsync(position);
        Assert.True(wait.IsCompletedSuccessfully);
        Assert.True(await wait);
    }

    [Fact]
    public void Written_is_enough_for_the_death_of_the_process()
    {
        FileJournal journal = MustOpen(Options(_disk));
        int syncs = 0;
        _disk.Before = (operation, _) => syncs += operation == "sync" ? 1 : 0;
        Append(journal, 1);
        long position = Append(journal, 2);
        Append(journal, 3);
        Assert.True(journal.EnsureWritten(position));
        Assert.Equal(0, syncs);
        AssertNumbers([1, 2, 3], ReplayAll(_disk).Records);
    }

    [Fact]
    public async Task A_closed_journal_is_clean_and_takes_nothing()
    {
        FileJournal journal = MustOpen(Options(_disk));
        long position = Append(journal, 1);
        ValueTask<bool> waiting = journal.WaitDurableAsync(position);
        await journal.DisposeAsync();
        Assert.True(await waiting);
        Assert.Equal(JournalStatus.Closed, journal.Status);
        Assert.False(journal.TryAppend("x"u8, out long refused));
        Assert.Equal(0, refused);
        Assert.True(journal.EnsureWritten(position));
        Assert.True(await journal.WaitDurableAsync(position));
        Assert.False(await journal.WaitDurableAsync(position + 1));
        (JournalOpening opening, List<byte[]> records) = ReplayAll(_disk);
        AssertNumbers([1], records);
        Assert.True(opening.Report.Clean);
    }

    [Fact]
    public void Released_segments_go_and_one_is_used_again()
    {
        FileJournal journal = MustOpen(Options(_disk));
        journal.SupplyOnce();
        int number = 0;
        for (int round = 0; round < 40; round++)
        {
            long before = journal.ActiveSegment;
            while (journal.ActiveSegment == before)
            {
                Append(journal, number++, 900);
                journal.CommitOnce();
            }
            Assert.Equal(2 * SegmentBytes, journal.RetainedBytes);
            journal.Release(journal.ActiveSegment);
            Assert.Equal(SegmentBytes, journal.RetainedBytes);
            int created = 0;
            _disk.Before = (operation, _) => created += operation == "create" ? 1 : 0;
            journal.SupplyOnce();
            Assert.Equal(0, created);
        }
        (_, List<byte[]> records) = ReplayAll(_disk);
        Assert.NotEmpty(records);
        AssertNumbers(Enumerable.Range(number - records.Count, records.Count), records);
        Assert.Equal(2, _disk.Names.Count());
    }

    [Fact]
    public void Starts_without_records_leave_nothing_behind()
    {
        FileJournal journal = MustOpen(Options(_disk));
        Append(journal, 1);
        journal.CommitOnce();
        for (int start = 0; start < 50; start++)
        {
            _disk.ReleaseLock();
            List<byte[]> records = [];
            journal = MustOpen(Options(_disk), records);
            journal.SupplyOnce();
            AssertNumbers([1], records);
        }
        Assert.Equal(2 * SegmentBytes, journal.RetainedBytes);
        Assert.True(_disk.Names.Count() <= 4);
    }

    [Fact]
    public void The_size_of_segments_may_change_between_starts()
    {
        for (int start = 0; start < 4; start++)
        {
            _disk.ReleaseLock();
            List<byte[]> records = [];
            FileJournal journal = MustOpen(Options(_disk) with { SegmentBytes = (1 + (start % 2)) * SegmentBytes }, records);
            AssertNumbers(Enumerable.Range(0, 30 * start), records);
            for (int i = 0; i < 30; i++)
            {
                Append(journal, (30 * start) + i, 700);
                journal.CommitOnce();
                journal.SupplyOnce();
            }
        }
    }

    [Fact]
    public void More_in_memory_than_allowed_is_refused()
    {
        FileJournal journal = MustOpen(Options(_disk) with { PendingBytesMax = 4096 });
        int accepted = 0;
        while (journal.TryAppend(Record(accepted, 100), out _))
        {
            accepted++;
        }
        Assert.InRange(accepted, 10, 20);
        Assert.Equal(JournalStatus.Running, journal.Status);
        journal.CommitOnce();
        Append(journal, accepted);
    }
}
