using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>The bytes on the disk. APPEND-ONLY: a change here is a new format version, and the old one must still be read.</summary>
public sealed class JournalGoldenTests
{
    private const string Header =
        "51554f54414a4e4c" + "01000000" + "b96ab5e8" + "8877665544332211" + "0100000000000000" + "0040000000000000" + "00dc207497010000";

    private const string Opening =
        "a20da515" + "00000000" + "0010000001000000" + "0000000000000000" + "0000000000000000" + "00dc207497010000" + "00000000" + "02000000";

    private const string Records =
        "a3773d96" + "0d000000" + "3010000001000000" + "3010000001000000" + "3010000001000000" + "00dc207497010000" + "02000000" + "01000000"
        + "03000000" + "616263" + "02000000" + "6465" + "000000";

    private const string Closing =
        "fb48aa96" + "00000000" + "7010000001000000" + "7010000001000000" + "7010000001000000" + "00dc207497010000" + "00000000" + "03000000";

    [Fact]
    public async Task A_segment_has_these_bytes()
    {
        SimulatedDisk disk = new();
        await using (FileJournal journal = MustOpen(Options(disk)))
        {
            Assert.True(journal.TryAppend("abc"u8, out long first));
            Assert.True(journal.TryAppend("de"u8, out long second));
            Assert.Equal((1, 2), (first, second));
            journal.CommitOnce();
        }
        byte[] bytes = disk.Content("journal-0000000000000001.qj");
        Assert.Equal(Header, Hex(bytes.AsSpan(0, 48)));
        Assert.True(bytes.AsSpan(48, 4096 - 48).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(Opening + Records + Closing, Hex(bytes.AsSpan(4096, 48 + 64 + 48)));
        Assert.True(bytes.AsSpan(4096 + 48 + 64 + 48).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void These_bytes_are_read()
    {
        byte[] bytes = new byte[SegmentBytes];
        Convert.FromHexString(Header).CopyTo(bytes, 0);
        Convert.FromHexString(Opening + Records + Closing).CopyTo(bytes, 4096);
        (JournalOpening opening, List<byte[]> records) = ReplayAll(SimulatedDisk.From(new Dictionary<string, byte[]> { ["journal-0000000000000001.qj"] = bytes }));
        Assert.True(opening.IsOpen, opening.Message);
        Assert.Equal(["abc"u8.ToArray(), "de"u8.ToArray()], records);
        Assert.True(opening.Report.Clean);
    }

    [Fact]
    public void The_checksum_is_crc_32c()
    {
        // The check value of the CRC catalogues, with the inversions that the journal leaves out.
        Assert.Equal(0xe3069283u, ~Crc32C.Append(uint.MaxValue, "123456789"u8));
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
