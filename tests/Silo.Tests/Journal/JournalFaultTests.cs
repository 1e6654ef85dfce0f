using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>What the journal does when the disk does not do its part.</summary>
public sealed class JournalFaultTests
{
    private readonly SimulatedDisk _disk = new();

    [Theory]
    [InlineData("sync")]
    [InlineData("write")]
    public async Task After_a_failed_write_or_sync_nothing_is_acknowledged_ever(string failing)
    {
        FileJournal journal = MustOpen(Options(_disk));
        long kept = Append(journal, 1);
        journal.CommitOnce();
        long lost = Append(journal, 2);
        ValueTask<bool> waiting = journal.WaitDurableAsync(lost);
        int attempts = 0;
        _disk.Before = (operation, _) => Throw(operation == failing && attempts++ == 0);
        journal.CommitOnce();
        Assert.False(await waiting);
        Assert.Equal(JournalStatus.Failed, journal.Status);
        Assert.False(journal.TryAppend("x"u8, out _));
        Assert.Equal(failing == "sync", journal.EnsureWritten(lost));
        Assert.True(await journal.WaitDurableAsync(kept));
        ValueTask<bool> later = journal.WaitDurableAsync(lost);
        journal.CommitOnce();
        Assert.False(await later);
        Assert.Equal(1, attempts);
        await journal.DisposeAsync();
        Assert.False(ReplayAll(_disk).Opening.Report.Clean);
    }

    [Fact]
    public void A_failed_write_of_the_caller_fails_the_journal()
    {
        FileJournal journal = MustOpen(Options(_disk));
        long position = Append(journal, 1);
        _disk.Before = (operation, _) => Throw(operation == "write");
        Assert.False(journal.EnsureWritten(position));
        Assert.Equal(JournalStatus.Failed, journal.Status);
    }

    [Fact]
    public async Task A_full_disk_refuses_records_before_they_exist_and_recovers_by_itself()
    {
        FileJournal journal = MustOpen(Options(_disk));
        _disk.Before = (operation, _) => Throw(operation == "create");
        List<ValueTask<bool>> accepted = [];
        while (journal.Status == JournalStatus.Running)
        {
            journal.SupplyOnce();
            if (journal.TryAppend(Record(accepted.Count, 200), out long position))
            {
                accepted.Add(journal.WaitDurableAsync(position));
            }
        }
        Assert.Equal(JournalStatus.Full, journal.Status);
        Assert.False(journal.TryAppend("x"u8, out _));
        journal.CommitOnce();
        foreach (ValueTask<bool> wait in accepted)
        {
            Assert.True(await wait);
        }
        _disk.Before = null;
        journal.SupplyOnce();
        Assert.Equal(JournalStatus.Running, journal.Status);
        Append(journal, accepted.Count);
        journal.CommitOnce();
        AssertNumbers(Enumerable.Range(0, accepted.Count + 1), ReplayAll(_disk).Records);
    }

    [Fact]
    public void The_bound_on_all_segments_holds_until_some_are_released()
    {
        FileJournal journal = MustOpen(Options(_disk) with { BytesMax = 4 * SegmentBytes });
        int number = 0;
        while (journal.Status == JournalStatus.Running)
        {
            number += journal.TryAppend(Record(number, 500), out _) ? 1 : 0;
            journal.CommitOnce();
            journal.SupplyOnce();
            Assert.True(_disk.Names.Count() <= 4);
        }
        Assert.Equal(4 * SegmentBytes, journal.RetainedBytes);
        journal.Release(journal.ActiveSegment);
        journal.SupplyOnce();
        Assert.Equal(JournalStatus.Running, journal.Status);
        Append(journal, number);
    }

    [Fact]
    public void Without_room_for_a_first_segment_the_journal_does_not_open()
    {
        _disk.Before = (operation, _) => Throw(operation == "create");
        JournalOpening opening = FileJournal.Open(Options(_disk), (_, _) => { });
        Assert.Equal(JournalOpenOutcome.NoRoom, opening.Outcome);
        _disk.Before = null;
        MustOpen(Options(_disk));
    }

    [Theory]
    [InlineData("open")]
    [InlineData("read")]
    [InlineData("sync")]
    [InlineData("rename")]
    [InlineData("syncdir")]
    public void A_fault_during_the_opening_is_an_outcome_and_harms_nothing(string failing)
    {
        FileJournal journal = MustOpen(Options(_disk));
        Append(journal, 1);
        journal.CommitOnce();
        for (int skip = 0; skip < 12; skip++)
        {
            SimulatedDisk disk = _disk.Copy();
            int left = skip;
            disk.Before = (operation, _) => Throw(operation == failing && left-- == 0);
            JournalOpening opening = FileJournal.Open(Options(disk), (_, _) => { });
            Assert.True(opening.IsOpen || opening.Outcome is JournalOpenOutcome.Unreadable or JournalOpenOutcome.NoRoom);
            disk.Before = null;
            AssertNumbers([1], ReplayAll(disk).Records);
        }
    }

    [Fact]
    public async Task A_directory_has_one_user()
    {
        FileJournal journal = MustOpen(Options(_disk));
        Assert.Equal(JournalOpenOutcome.Locked, FileJournal.Open(Options(_disk), (_, _) => { }).Outcome);
        await journal.DisposeAsync();
        MustOpen(Options(_disk));
    }

    private static void Throw(bool fails)
    {
        if (fails)
        {
            throw new IOException("injected");
        }
    }
}
