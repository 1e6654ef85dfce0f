using Quota.Contracts;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

/// <summary>The bytes of event records and ids, made by another program. APPEND-ONLY: a change here breaks every data folder in the world.</summary>
public sealed class ThresholdEventGoldenTests
{
    private const string Record =
        "0807060504030201" + "01" + "02" + "0300" + "5000" + "0100" + "1817161514131211" + "00469ED79C010000"
        + "E803000000000000" + "2103000000000000" + "00DCB1A69C010000" + "000057469D010000" + "FF459ED79C010000"
        + "040073686F70" + "03006B2D31" + "030070726F" + "050063616C6C73" + "08007265717565737473" + "0500726F757465" + "03002FC3A4";

    private static readonly ThresholdEvent Event = EventSamples.Create(atMs: 1_773_143_999_999) with { Attributes = [new("route", "/ä")] };
    private static readonly EventDelivery Delivery = new(EventState.GivenUp, 3, 0x1112131415161718, 1_773_144_000_000);

    [Fact]
    public void Record_is_written()
    {
        byte[] record = new byte[ThresholdEventRecord.BytesMax];
        int n = ThresholdEventRecord.Write(record, 0x0102030405060708, Event, Delivery);
        Assert.Equal(Record, Convert.ToHexString(record.AsSpan(0, n)));
    }

    [Fact]
    public void Record_is_read_also_with_fields_of_a_later_version()
    {
        byte[] later = [.. Convert.FromHexString(Record), 1, 2, 3];
        later[8] = 2;
        foreach (byte[] record in new[] { Convert.FromHexString(Record), later })
        {
            Assert.True(ThresholdEventRecord.TryRead(record, out ThresholdEvent? read, out EventDelivery delivery));
            Assert.Equal(Delivery, delivery);
            Assert.Equal(Event.Attributes, read!.Attributes);
            Assert.Equal(Event with { Attributes = read.Attributes }, read);
        }
    }

    [Fact]
    public void A_delivery_takes_the_place_of_the_one_before_and_nothing_else()
    {
        byte[] record = Convert.FromHexString(Record), changed = Convert.FromHexString(Record);
        ThresholdEventRecord.WriteDelivery(changed, new EventDelivery(EventState.Pending, 4, 5, 0));
        Assert.True(ThresholdEventRecord.TryReadDelivery(changed, out EventDelivery delivery));
        Assert.Equal(new EventDelivery(EventState.Pending, 4, 5, 0), delivery);
        ThresholdEventRecord.WriteDelivery(changed, Delivery);
        Assert.Equal(record, changed);
    }

    [Fact]
    public void Ids()
    {
        Assert.Equal(IdOfCall, EventSamples.Create().Id.ToString());
        Assert.Equal(IdOfRoot, (EventSamples.Create(key: "", percent: 100) with { Attributes = [new("route", "/ä")] }).Id.ToString());
        Span<byte> bytes = stackalloc byte[EventId.Bytes];
        EventSamples.Create().Id.WriteTo(bytes);
        Assert.Equal(IdOfCall, Convert.ToHexStringLower(bytes));
        Assert.Equal(EventSamples.Create().Id, EventId.Read(bytes));
    }

    [Fact]
    public void An_id_depends_on_the_crossing_alone()
    {
        ThresholdEvent crossing = EventSamples.Create();
        Assert.Equal(crossing.Id, (crossing with { Plan = "other", Amount = 5, Used = 6, AtMs = 7, PeriodEndMs = 8, Unit = "bytes" }).Id);
        ThresholdEvent[] others =
        [
            crossing with { Namespace = "shopk", Key = "-1" }, crossing with { Key = "k-1c", Limit = "alls" }, crossing with { ThresholdPercent = 100 },
            crossing with { PeriodStartMs = 5 }, crossing with { Attributes = [new("a", "b")] }, crossing with { Attributes = [new("ab", "")] },
        ];
        Assert.Equal(others.Length + 1, others.Append(crossing).Select(e => e.Id).Distinct().Count());
    }

    [Fact]
    public void States() =>
        Assert.Equal([("Pending", 0), ("Delivered", 1), ("GivenUp", 2), ("LoggedOnly", 3)], Enum.GetValues<EventState>().Select(s => (s.ToString(), (int)s)));

    [Fact]
    public void The_largest_record_has_room()
    {
        ThresholdEvent largest = EventSamples.Create() with
        {
            Namespace = Text(Bounds.NameBytesMax),
            Key = Text(Bounds.KeyBytesMax),
            Plan = Text(Bounds.NameBytesMax),
            Limit = Text(Bounds.NameBytesMax),
            Unit = Text(Bounds.NameBytesMax),
            Attributes = [.. Enumerable.Repeat(KeyValuePair.Create(Text(Bounds.AttributeNameBytesMax), Text(Bounds.AttributeValueBytesMax)), Bounds.PerAttributesMax)],
        };
        byte[] record = new byte[ThresholdEventRecord.BytesMax];
        Assert.Equal(record.Length, ThresholdEventRecord.Write(record, 0, largest, Delivery));
    }

    [Fact]
    public void Truncated_and_damaged_records_are_refused_without_a_throw()
    {
        byte[] record = Convert.FromHexString(Record);
        for (int length = 0; length < record.Length; length++)
        {
            Assert.False(ThresholdEventRecord.TryRead(record.AsSpan(0, length), out _, out _));
        }
        var random = new Random(11);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. record];
            for (int n = random.Next(1, 9); n > 0; n--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }
            if (ThresholdEventRecord.TryRead(damaged, out ThresholdEvent? read, out _))
            {
                Assert.NotEmpty(CloudEvent.Write(read!));
            }
        }
    }

    private const string IdOfCall = "b534a83536102715947307d8a9a8147b";
    private const string IdOfRoot = "62b509dd11ac1fd5b79f83a02fe383f1";

    private static string Text(int bytes) => new('x', bytes);
}
