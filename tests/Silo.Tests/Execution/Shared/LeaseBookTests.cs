using System.Text;
using Quota.Grains;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared.Leases;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>Golden bytes of the leases on a block, and what is made of others.</summary>
public sealed class LeaseBookTests
{
    private const string Golden =
        "FFFFFFFFFFFFFF7F" + "01" + "01"
        + "0700000000000000" + "0900000000000000" + "0010000000000000" + "0008000000000000" + "0500000000000000"
        + "0273" + "31" + "02"
        + "056D6F6E7468" + "087265717565737473" + "00" + "6400000000000000"
        + "0161" + "0174" + "01" + "0000000000000000";

    private static readonly LeaseEntry Lease = new(7, 9, "s1", 0x1000, new Instant(0x800, 5), [new LeasePermits("month", "requests", 100, false), new LeasePermits("a", "t", 0, true)]);

    [Fact]
    public void A_book_has_these_bytes() => Assert.Equal(Golden, Convert.ToHexString(LeaseBook.Encode([Lease])));

    [Fact]
    public void A_book_without_leases_may_be_forgotten_after_a_minute()
    {
        byte[] empty = LeaseBook.EncodeEmpty(new Instant(0x1000, 0));
        Assert.Equal("006847F80D0000000100", Convert.ToHexString(empty));
        Assert.True(LeaseBook.TryDecode(empty, out List<LeaseEntry> leases));
        Assert.Empty(leases);
    }

    [Fact]
    public void A_book_is_read_as_it_was_written()
    {
        Assert.True(LeaseBook.TryDecode(Convert.FromHexString(Golden), out List<LeaseEntry> leases));
        LeaseEntry lease = Assert.Single(leases);
        Assert.Equal(Lease with { Permits = [] }, lease with { Permits = [] });
        Assert.Equal(Lease.Permits, lease.Permits);
    }

    [Fact]
    public void A_book_that_is_cut_or_of_another_version_is_not_read()
    {
        byte[] bytes = Convert.FromHexString(Golden);
        for (int length = 9; length < bytes.Length; length++)
        {
            Assert.False(LeaseBook.TryDecode(bytes.AsMemory(0, length), out _));
        }
        bytes[8] = 2;
        Assert.False(LeaseBook.TryDecode(bytes, out _));
    }

    [Fact]
    public void A_book_names_its_block()
    {
        byte[] key = [1, 1, (byte)'n', .. "key"u8];
        byte[] value = [2, 1, (byte)'n', 3, 0, .. "key"u8, 2, .. "ip"u8, 2, .. "ip"u8, 1, 0, (byte)'x'];
        foreach (byte[] block in (byte[][])[key, value])
        {
            byte[] book = LeaseBook.IdOf(block);
            Assert.Equal(GrainId.LeaseRecord, book[0]);
            Assert.Equal(block, LeaseBook.BlockIdOf(book));
            Assert.True(GrainId.TryReadKey(book, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> holder));
            Assert.Equal("n/key", Encoding.UTF8.GetString(owner) + "/" + Encoding.UTF8.GetString(holder));
        }
    }
}
