using System.Text;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Limiting;

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
    public void Month_id_orders_by_month_and_key()
    {
        Span<byte> id = stackalloc byte[100];
        var october = new MonthLabel(2026, 10);
        int n = GrainId.WriteMonth(id, "ns"u8, october, "key"u8);
        Assert.Equal("03026E73" + "00031772" + "6B6579", Convert.ToHexString(id[..n]));
        Assert.True(GrainId.TryReadKey(id[..n], out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        Assert.Equal(("ns", "key"), (Encoding.UTF8.GetString(owner), Encoding.UTF8.GetString(key)));
        Assert.True(GrainId.TryReadMonth(id[..n], out MonthLabel read));
        Assert.Equal(october, read);
        Assert.Equal("03026E7300031772", Convert.ToHexString(GrainId.MonthPrefix("ns"u8, october)));
        Assert.Equal("03026E73", Convert.ToHexString(GrainId.MonthsPrefix("ns"u8)));
        Assert.True(GrainId.MonthPrefix("ns"u8, october).AsSpan().SequenceCompareTo(GrainId.MonthPrefix("ns"u8, october.Next)) < 0);
        Assert.False(GrainId.TryReadKey(id[..7], out _, out _));
        Assert.False(GrainId.TryReadMonth(id[..7], out _));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Record_id(byte kind)
    {
        Span<byte> id = stackalloc byte[100];
        int n = GrainId.WriteRecord(id, kind, "ns"u8, "key"u8, "rest"u8);
        Assert.Equal($"{kind:X2}026E7303006B657972657374", Convert.ToHexString(id[..n]));
        Assert.True(GrainId.TryReadKey(id[..n], out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        Assert.Equal(("ns", "key"), (Encoding.UTF8.GetString(owner), Encoding.UTF8.GetString(key)));
        Assert.False(GrainId.TryReadMonth(id[..n], out _));
        Assert.False(GrainId.TryReadKey(id[..8], out _, out _));
    }

    [Theory]
    [InlineData("0000")]
    [InlineData("0800")]
    [InlineData("FF00")]
    public void An_id_of_another_kind_is_none(string hex) =>
        Assert.False(GrainId.TryReadKey(Convert.FromHexString(hex + "0100AA"), out _, out _));

    [Fact]
    public void Counter_record_of_the_first_version_is_still_read()
    {
        byte[] record = Convert.FromHexString(
            "0102000000000000" + "0807060504030201" + "1615141312010000" + "0300000000000000"
            + "00000200050000006964"
            + "010001000100000078" + "1100FFEEDDCCBBAA" + "02000908");
        Assert.True(CounterRecord.TryReadHead(record, out int blocks, out Instant now, out long cost));
        Assert.Equal((2, new Instant(0x0102030405060708, 0x0000011213141516), 3L), (blocks, now, cost));
        ReadOnlySpan<byte> rest = record.AsSpan(CounterRecord.HeadBytes);
        Assert.True(CounterRecord.TryReadBlock(ref rest, out ReadOnlySpan<byte> id, out uint mask, out ulong? layout, out _));
        Assert.Equal(("id", 5u, null), (Encoding.UTF8.GetString(id), mask, layout));
        Assert.True(CounterRecord.TryReadBlock(ref rest, out _, out mask, out layout, out ReadOnlySpan<byte> state));
        Assert.Equal((1u, 0xAABBCCDDEEFF0011, "0908"), (mask, layout!.Value, Convert.ToHexString(state)));
        Assert.True(rest.IsEmpty);
    }

    [Fact]
    public void Decision_record()
    {
        Span<byte> record = stackalloc byte[200];
        int n = DecisionRecord.WriteHead(record, 3, new Instant(0x0102030405060708, 0x0000011213141516));
        n += DecisionRecord.WritePart(record[n..], DecisionRecord.ImageFlag, 1, "id"u8, 5, 3);
        n += DecisionRecord.WriteImage(record[n..], 0xAABBCCDDEEFF0011, [9, 8]);
        n += DecisionRecord.WritePart(record[n..], DecisionRecord.RolledUpFlag, 2, default, 1, 7);
        n += DecisionRecord.WritePart(record[n..], DecisionRecord.RecordFlag, 0, "r"u8, 0, 0);
        n += DecisionRecord.WriteImage(record[n..], 1, [1]);
        Assert.Equal(
            "0303000000000000" + "0807060504030201" + "1615141312010000"
            + "01010200050000000300000000000000" + "6964" + "1100FFEEDDCCBBAA" + "02000000" + "0908"
            + "02020000010000000700000000000000"
            + "04000100000000000000000000000000" + "72" + "0100000000000000" + "01000000" + "01",
            Convert.ToHexString(record[..n]));
        Assert.Equal(n, DecisionRecord.HeadBytes + DecisionRecord.PartBytes(2) + DecisionRecord.ImageBytes(2) + DecisionRecord.PartBytes(0) + DecisionRecord.PartBytes(1) + DecisionRecord.ImageBytes(1));
    }

    [Fact]
    public void Remembered_answer()
    {
        byte[] golden = Convert.FromHexString(
            "0807060504030201" + "01020101" + "00000000" + "1100FFEEDDCCBBAA" + "0A00000000000000" + "0B00000000000000"
            + "0100000000000000" + "0200000000000000" + "0C00000000000000" + "04676F6C64"
            + "0300746F70"
            + "0103040105000000" + "6400000000000000" + "00CA9A3B00000000" + "2800000000000000" + "0700000000000000" + "FFFFFFFFFFFFFFFF" + "6D" + "6279746573");
        var decision = new Decision();
        RememberedAnswer.Restore(golden, decision);
        LimitModel limit = decision.LimitOf(decision.Results[0]);
        Assert.Equal(("gold", "top", new Instant(10, 11)), (decision.Plan!.Name, Encoding.UTF8.GetString(decision.KeyOf(1)), decision.At));
        Assert.Equal(("m", "bytes", 100L, LimitMode.Shadow), (limit.Name, limit.Unit, limit.Capacity, limit.Mode));
        Assert.Equal((true, 40L, 7L, -1L), (decision.Results[0].Exceeded, decision.Results[0].Remaining, decision.Results[0].ResetAfterMs, decision.Results[0].RetryAfterMs));
        Assert.Equal((new UInt128(1, 2), 12L), (decision.Reservation.Id, decision.Reservation.ExpiresMs));
        byte[] state = new byte[RememberedAnswer.BytesMax(decision, decision.Plan, 2)];
        int n = RememberedAnswer.Write(state, decision, decision.Plan, 2, 0xAABBCCDDEEFF0011, 0x0102030405060708);
        Assert.Equal(Convert.ToHexString(golden), Convert.ToHexString(state.AsSpan(0, n)));
    }

    [Fact]
    public void Remembered_refund()
    {
        const string golden = "0807060504030201" + "0201010000000000" + "1100FFEEDDCCBBAA" + "07323032362D3130" + "056279746573" + "0900000000000000";
        var refunded = new Refunded(new Dictionary<string, long> { ["bytes"] = 9 }, true, "2026-10", false, [], default);
        byte[] state = RememberedRefund.Encode(refunded, 0xAABBCCDDEEFF0011, 0x0102030405060708);
        Assert.Equal(golden, Convert.ToHexString(state));
        Refunded decoded = RememberedRefund.Decode(Convert.FromHexString(golden), default);
        Assert.Equal((true, "2026-10", true, 9L), (decoded.IsAdjustment, decoded.Month, decoded.IsRepeat, decoded.Costs["bytes"]));
    }

    [Fact]
    public void Reservation()
    {
        const string golden = "FFFFFFFFFFFFFF7F" + "0101010101000000" + "0A00000000000000" + "0B00000000000000" + "0C00000000000000"
            + "056279746573" + "0900000000000000" + "0800000000000000"
            + "0700" + "01026E736B6579"
            + "0100" + "0000" + "016D" + "0200" + "0201" + "0700000000000000" + "0D00000000000000" + "0E00000000000000";
        byte[] bytes = Convert.FromHexString(golden);
        ReservationState state = ReservationState.Decode(bytes);
        Assert.Equal((RecordHead.Never, ReservationPhase.Open, true, new Instant(10, 11), 12L), (state.ForgetAtNs, state.Phase, state.SettlesWhenExpired, state.MadeAt, state.ExpiresAtNs));
        Assert.Equal((true, 12L), (ReservationState.IsOpen(bytes), ReservationState.ExpiresNs(bytes)));
        Assert.Equal([new ReservedUnit("bytes", 9, 8)], state.Units);
        Assert.Equal("01026E736B6579", Convert.ToHexString(Assert.Single(state.KeyIds)));
        ReservedPart part = Assert.Single(state.Parts);
        Assert.Equal((0, 0, "m", "0201", 7L, new Instant(13, 14)), (part.Level, part.Unit, part.Limit, Convert.ToHexString(part.ValueId), part.Held, part.At));
        Assert.Equal(golden, Convert.ToHexString(state.Encode()));
    }

    [Fact]
    public void Image_record()
    {
        Span<byte> record = stackalloc byte[200];
        int n = ImageRecord.WriteHead(record, 1, new Instant(0x0102030405060708, 0x0000011213141516));
        n += ImageRecord.WriteBlock(record[n..], "id"u8, 0xAABBCCDDEEFF0011, [9, 8]);
        Assert.Equal("0400010000000000" + "0807060504030201" + "1615141312010000" + "02000000" + "6964" + "1100FFEEDDCCBBAA" + "02000000" + "0908", Convert.ToHexString(record[..n]));
        Assert.Equal(n, ImageRecord.HeadBytes + ImageRecord.BlockBytes(2, 2));
    }

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
                bytes[0] = (byte)random.Next(1, 5);
            }
            new Recovery(new KeyTable(new LayoutRegistry(), 1000)).Apply(bytes);
        }
    }
}
