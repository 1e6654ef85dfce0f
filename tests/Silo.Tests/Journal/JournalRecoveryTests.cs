using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>What a start makes of files that are not as they were written.</summary>
public sealed class JournalRecoveryTests
{
    private const int FrameBytes = 48 + 4 + 40 + 4;
    private const int FirstFrame = 4096 + 48;
    private readonly SimulatedDisk _disk = new();

    [Fact]
    public void A_torn_tail_is_dropped_and_never_comes_back()
    {
        WriteOneFrameEach(10, sync: true);
        Damage(Segment(1), FirstFrame + (9 * FrameBytes) + 60);
        for (int start = 0; start < 3; start++)
        {
            List<byte[]> records = [];
            _disk.ReleaseLock();
            JournalOpening opening = FileJournal.Open(Options(_disk), (record, _) => records.Add(record.ToArray()));
            Assert.True(opening.IsOpen, opening.Message);
            Assert.Equal(start == 0 ? FrameBytes : 0, opening.Report.TornBytes);
            AssertNumbers(Enumerable.Range(0, 9).Concat(Enumerable.Range(100, start)), records);
            Append(opening.Journal, 100 + start);
            opening.Journal.CommitOnce();
            // Whether the torn frame can be read later makes no difference.
            Damage(Segment(1), FirstFrame + (9 * FrameBytes) + 60);
        }
    }

    [Fact]
    public void Frames_after_a_hole_that_was_never_synced_are_dropped()
    {
        WriteOneFrameEach(10, sync: false);
        Damage(Segment(1), FirstFrame + (4 * FrameBytes) + 60);
        (JournalOpening opening, List<byte[]> records) = ReplayAll(_disk);
        Assert.True(opening.IsOpen, opening.Message);
        AssertNumbers(Enumerable.Range(0, 4), records);
        Assert.Equal(6 * FrameBytes, opening.Report.TornBytes);
    }

    [Fact]
    public void A_hole_that_was_synced_refuses_unless_the_loss_is_accepted()
    {
        WriteOneFrameEach(10, sync: true);
        Damage(Segment(1), FirstFrame + (4 * FrameBytes) + 60);
        JournalOpening refused = ReplayAll(_disk).Opening;
        Assert.Equal(JournalOpenOutcome.Corrupt, refused.Outcome);
        JournalLoss loss = Assert.Single(refused.Report.Losses);
        Assert.Equal((Segment(1), FirstFrame + (4 * FrameBytes), FrameBytes), (loss.File, loss.Offset, loss.Bytes));

        (JournalOpening accepted, List<byte[]> records) = ReplayAll(_disk, acceptLoss: true);
        Assert.True(accepted.IsOpen, accepted.Message);
        AssertNumbers([0, 1, 2, 3, 5, 6, 7, 8, 9], records);
        Assert.Single(accepted.Report.Losses);
    }

    [Fact]
    public void A_missing_segment_refuses_unless_the_loss_is_accepted()
    {
        int count = FillSegments(4);
        _disk.Delete(Segment(2));
        JournalOpening refused = ReplayAll(_disk).Opening;
        Assert.Equal(JournalOpenOutcome.Corrupt, refused.Outcome);
        Assert.Contains($"{Segment(2)} is missing", refused.Message, StringComparison.Ordinal);
        (JournalOpening accepted, List<byte[]> records) = ReplayAll(_disk, acceptLoss: true);
        Assert.True(accepted.IsOpen, accepted.Message);
        int[] found = [.. records.Select(NumberOf)];
        Assert.Equal(found.Order(), found);
        Assert.Equal((0, count - 1), (found[0], found[^1]));
    }

    [Fact]
    public void Damage_at_the_end_of_a_left_segment_is_noticed()
    {
        FillSegments(3);
        byte[] content = _disk.Content(Segment(2));
        int end = content.AsSpan().LastIndexOfAnyExcept((byte)0);
        content.AsSpan(end - 500, 501).Clear();
        Assert.Equal(JournalOpenOutcome.Corrupt, ReplayAll(_disk).Opening.Outcome);
    }

    [Fact]
    public void A_damaged_header_or_a_cut_file_refuses_unless_the_loss_is_accepted()
    {
        int count = FillSegments(3);
        SimulatedDisk cut = With(Segment(2), content => content[..8192]);
        Assert.Equal(JournalOpenOutcome.Corrupt, ReplayAll(cut).Opening.Outcome);
        Assert.True(ReplayAll(cut, acceptLoss: true).Opening.IsOpen);

        Damage(Segment(2), 30);
        Assert.Equal(JournalOpenOutcome.Corrupt, ReplayAll(_disk).Opening.Outcome);
        (JournalOpening accepted, List<byte[]> records) = ReplayAll(_disk, acceptLoss: true);
        Assert.True(accepted.IsOpen, accepted.Message);
        AssertNumbers(Enumerable.Range(0, count), records);
    }

    [Fact]
    public void Another_format_version_is_refused_by_name()
    {
        FillSegments(2);
        SegmentHeader header = new(2, JournalId, 1, SegmentBytes, 0);
        header.Encode().CopyTo(_disk.Content(Segment(1)), 0);
        JournalOpening opening = ReplayAll(_disk, acceptLoss: true).Opening;
        Assert.Equal(JournalOpenOutcome.WrongVersion, opening.Outcome);
        Assert.Contains("has format version 2, this build reads 1", opening.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Segments_of_another_journal_and_renamed_segments_are_refused()
    {
        FillSegments(3);
        SegmentHeader foreign = new(1, JournalId + 1, 2, SegmentBytes, 0);
        Assert.Equal(JournalOpenOutcome.Foreign, ReplayAll(With(Segment(2), content => WithHeader(content, foreign))).Opening.Outcome);
        SegmentHeader renamed = new(1, JournalId, 9, SegmentBytes, 0);
        Assert.Equal(JournalOpenOutcome.Foreign, ReplayAll(With(Segment(2), content => WithHeader(content, renamed))).Opening.Outcome);
    }

    [Fact]
    public void A_start_that_died_before_it_removed_an_empty_first_segment_is_continued()
    {
        MustOpen(Options(_disk));
        byte[] empty = _disk.Content(Segment(1)).ToArray();
        _disk.ReleaseLock();
        FileJournal journal = MustOpen(Options(_disk));
        Append(journal, 1);
        journal.CommitOnce();
        Append(journal, 2);
        journal.CommitOnce();
        SimulatedDisk both = SimulatedDisk.From(_disk.Names.Where(name => name != "spare.qj").ToDictionary(name => name, name => _disk.Content(name).ToArray())
            .Append(new KeyValuePair<string, byte[]>(Segment(1), empty)).ToDictionary());
        (JournalOpening opening, List<byte[]> records) = ReplayAll(both);
        Assert.True(opening.IsOpen, opening.Message);
        AssertNumbers([1, 2], records);
    }

    [Fact]
    public void The_number_of_a_spare_is_never_used_again()
    {
        FillSegments(2);
        _disk.Rename(Segment(2), "spare.qj");
        _disk.Delete(Segment(3));
        _disk.Delete(Segment(4));
        FileJournal journal = MustOpen(Options(_disk.Copy()) with { AcceptLoss = true });
        Assert.True(journal.ActiveSegment > 2);
    }

    private static string Segment(int number) => $"journal-{number:x16}.qj";

    private static byte[] WithHeader(byte[] content, SegmentHeader header)
    {
        header.Encode().CopyTo(content, 0);
        return content;
    }

    private void Damage(string name, int offset) => _disk.Content(name)[offset] ^= 0x40;

    private SimulatedDisk With(string name, Func<byte[], byte[]> change) => SimulatedDisk.From(
        _disk.Names.ToDictionary(other => other, other => other == name ? change(_disk.Content(other).ToArray()) : _disk.Content(other).ToArray()));

    private void WriteOneFrameEach(int count, bool sync)
    {
        FileJournal journal = MustOpen(Options(_disk));
        for (int number = 0; number < count; number++)
        {
            Assert.True(journal.EnsureWritten(Append(journal, number)));
            if (sync)
            {
                journal.CommitOnce();
            }
        }
    }

    /// <summary>Fills as many segments and begins another; returns how many records that took.</summary>
    private int FillSegments(int segments)
    {
        FileJournal journal = MustOpen(Options(_disk));
        int count = 0;
        while (journal.ActiveSegment <= segments)
        {
            Append(journal, count++, 200);
            journal.CommitOnce();
            journal.SupplyOnce();
        }
        return count;
    }
}
