using System.Text;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Local;

namespace Quota.Silo.Tests.Execution;

/// <summary>The bytes of ids and journal records. APPEND-ONLY: a change here breaks every data folder in the world.</summary>
public sealed class RecordGoldenTests
{
    [Fact]
    public void Key_id()
    {
        Span<byte> id = stackalloc byte[100];
        int n = GrainId.WriteKey(id, "ns"u8, "key"u8);
        Assert.Equal("01026E736B6579", Convert.ToHexString(id[..n]));
        Assert.True(GrainId.TryReadKey(id[..n], out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        Assert.Equal(("ns", "key"), (Encoding.UTF8.GetString(owner), Encoding.UTF8.GetString(key)));
        Assert.Equal("01026E73", Convert.ToHexString(GrainId.KeyPrefix("ns"u8)));
    }

    [Fact]
    public void Value_id_takes_an_absent_attribute_as_empty()
    {
        LimitModel limit = LimitModel.FixedWindow("lim", 1, 1_000_000_000, per: ["ip", "absent"]);
        var attributes = new AttributeSet("ip10.0"u8, [new AttributeRange(0, 2, 2, 4)]);
        Span<byte> id = stackalloc byte[100];
        int n = GrainId.WriteValue(id, "ns"u8, "key"u8, limit, attributes);
        Assert.Equal("02026E7303006B6579036C696D026970040031302E3006616273656E740000", Convert.ToHexString(id[..n]));
        Assert.True(GrainId.TryReadKey(id[..n], out _, out ReadOnlySpan<byte> key));
        Assert.Equal("key", Encoding.UTF8.GetString(key));
    }

    [Fact]
    public void Decision_record()
    {
        Span<byte> record = stackalloc byte[200];
        int n = DecisionRecord.WriteHead(record, 2, new Instant(0x0102030405060708, 0x0000011213141516), 3);
        n += DecisionRecord.WriteBlock(record[n..], "id"u8, 5, null, default);
        n += DecisionRecord.WriteBlock(record[n..], "x"u8, 1, 0xAABBCCDDEEFF0011, [9, 8]);
        Assert.Equal(
            "0102000000000000" + "0807060504030201" + "1615141312010000" + "0300000000000000"
            + "00000200050000006964"
            + "010001000100000078" + "1100FFEEDDCCBBAA" + "02000908",
            Convert.ToHexString(record[..n]));
        Assert.Equal(n, DecisionRecord.HeadBytes + DecisionRecord.BlockBytes(2, 0, image: false) + DecisionRecord.BlockBytes(1, 2, image: true));
    }

    [Fact]
    public void The_largest_record_fits_into_the_journal() =>
        Assert.InRange(DecisionRecord.BytesMax, 1, Quota.Contracts.Bounds.JournalRecordBytesMax);

    [Fact]
    public void Truncated_and_random_records_are_refused_without_a_throw()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(120)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = (byte)random.Next(1, 3);
            }
            new Recovery(new KeyTable(new LayoutRegistry(), 1000)).Apply(bytes);
        }
    }
}
