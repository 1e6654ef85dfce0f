using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

/// <summary>The persisted form of a layout. APPEND-ONLY: a golden byte that changes makes stored blocks unreadable.</summary>
public sealed class CounterLayoutTests
{
    private const ulong GoldenId = 0x32fe655033a538ce;

    /// <summary>Written from the documented encoding, not by this code.</summary>
    private static readonly byte[] Golden = Convert.FromHexString(string.Concat(
        "0108",
        "010a0000000a0000005847f80d000000000000000000000000000000000000007065722d6d696e757465",
        "020000000001000000ca9a3b000000000000000000000000000000000000000077",
        "030000000006000000ca9a3b0000000003000000000000000700000000000000746f6b656e73",
        "040000000008000000004f91944e00000000000000000000000000000000000074c3a4676c696368",
        "0500031f01050d000000000000000000000000000000000000000000000000006d6f6e74684575726f70652f4265726c696e",
        "0500041d0204030000000000000000000000000000000000000000000000000079656172555443",
        "0500020101040c000000000000000000000000000000000000000000000000007765656b417369612f4b6f6c6b617461",
        "0500010101031000000000000000000000000000000000000000000000000000646179416d65726963612f4e65775f596f726b"));

    [Fact]
    public void Encoding_and_id_are_golden()
    {
        CounterLayout layout = EveryAlgorithm();
        Assert.Equal(Convert.ToHexStringLower(Golden), Convert.ToHexStringLower(layout.Encoded));
        Assert.Equal(GoldenId, layout.Id);
    }

    [Fact]
    public void Offsets_are_golden()
    {
        CounterLayout layout = EveryAlgorithm();
        Assert.Equal([0, 96, 120, 136, 152, 176, 200, 224], Enumerable.Range(0, 8).Select(layout.Offset));
        Assert.Equal(248, layout.SizeBytes);
        Assert.All(Enumerable.Range(0, 8), i => Assert.Equal(layout.Shapes[i].SizeBytes, layout.Counter(new byte[248], i).Length));
    }

    [Fact]
    public void Decoding_gives_an_equal_layout()
    {
        Assert.True(CounterLayout.TryDecode(Golden, out CounterLayout? layout));
        Assert.Equal(EveryAlgorithm().Shapes, layout.Shapes);
        Assert.Equal(GoldenId, layout.Id);
        Assert.True(CounterLayout.TryDecode([1, 0], out CounterLayout? empty));
        Assert.Equal(0, empty.SizeBytes);
    }

    [Fact]
    public void Random_layouts_survive_the_round_trip() => Seeded.ForEach(500, random =>
    {
        CounterLayout layout = RandomLimit.Plan(random).Layout;
        Assert.True(CounterLayout.TryDecode(layout.Encoded, out CounterLayout? decoded));
        Assert.Equal(layout.Shapes, decoded.Shapes);
        Assert.Equal(layout.Id, decoded.Id);
    });

    [Fact]
    public void Damaged_bytes_never_throw_and_never_pass_for_another_encoding() => Seeded.ForEach(30_000, random =>
    {
        byte[] bytes = random.Next(10) == 0 ? RandomBytes(random) : Damage(random, [.. Golden]);
        if (CounterLayout.TryDecode(bytes, out CounterLayout? layout))
        {
            Assert.Equal(bytes, layout.Encoded);
        }
        else
        {
            Assert.Null(layout);
        }
    });

    [Theory]
    [InlineData("01")]
    [InlineData("0200")]
    [InlineData("0121")]
    [InlineData("010000")]
    public void Truncated_unknown_or_longer_encodings_are_refused(string hex) =>
        Assert.False(CounterLayout.TryDecode(Convert.FromHexString(hex), out _));

    /// <summary>Invalid UTF-8 grows when it is replaced, past what the length byte can say.</summary>
    [Fact]
    public void A_name_that_is_not_utf8_is_refused()
    {
        byte[] head = [1, 1, 4, 0, 0, 0, 0, 200, 0, 0, .. BitConverter.GetBytes(1_000_000_000L), .. new byte[16]];
        Assert.False(CounterLayout.TryDecode([.. head, .. Enumerable.Repeat((byte)0xff, 200)], out _));
    }

    /// <summary>A unit's length stands where every earlier encoding has 0, its text at the end.</summary>
    [Fact]
    public void The_encoding_of_a_unit_is_golden_and_requests_is_encoded_as_ever()
    {
        byte[] golden = Convert.FromHexString(string.Concat(
            "0102",
            "010a0000000a0009005847f80d000000000000000000000000000000000000007065722d6d696e757465746f6b656e732e696e",
            "0500031f01050d050000000000000000000000000000000000000000000000006d6f6e74684575726f70652f4265726c696e6279746573"));
        var layout = new CounterLayout(
        [
            CounterShape.SlidingWindow("per-minute", 60_000_000_000, 10, "tokens.in"),
            CounterShape.ForCalendar("month", new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 31), "bytes"),
        ]);
        Assert.Equal(Convert.ToHexStringLower(golden), Convert.ToHexStringLower(layout.Encoded));
        Assert.True(CounterLayout.TryDecode(golden, out CounterLayout? decoded));
        Assert.Equal(["tokens.in", "bytes"], decoded.Shapes.Select(s => s.Unit));
        Assert.Equal(layout.Shapes, decoded.Shapes);
        Assert.All(EveryAlgorithm().Shapes, s => Assert.Equal(CounterShape.Requests, s.Unit));
        Assert.Equal(CounterShape.FixedWindow("l", 1_000_000_000), CounterShape.FixedWindow("l", 1_000_000_000, "requests"));
        Assert.NotEqual(CounterShape.FixedWindow("l", 1_000_000_000), CounterShape.FixedWindow("l", 1_000_000_000, "bytes"));
    }

    /// <summary>Concurrency has nothing but a name; a quota with roll-over keeps offset, amount and most roll-over.</summary>
    [Fact]
    public void The_encodings_of_concurrency_and_roll_over_are_golden()
    {
        byte[] golden = Convert.FromHexString(string.Concat(
            "0102",
            "060000000005000000000000000000000000000000000000000000000000000063616c6c73",
            "0700031f01050d094d000000000000001027000000000000c4090000000000006d6f6e74684575726f70652f4265726c696e746f6b656e732e696e"));
        var layout = new CounterLayout(
        [
            CounterShape.Concurrency("calls"),
            CounterShape.ForCalendarCarry("month", new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 31), 10_000, 2_500, 77, "tokens.in"),
        ]);
        Assert.Equal(Convert.ToHexStringLower(golden), Convert.ToHexStringLower(layout.Encoded));
        Assert.True(CounterLayout.TryDecode(golden, out CounterLayout? decoded));
        Assert.Equal(layout.Shapes, decoded.Shapes);
        Assert.Equal((10_000L, 2_500L, 77L), (decoded.Shapes[1].Amount, decoded.Shapes[1].RolloverMax, decoded.Shapes[1].InitialOffset));
        Assert.Equal([0, 8], Enumerable.Range(0, 2).Select(layout.Offset));
        Assert.Equal(40, layout.SizeBytes);
    }

    /// <summary>There is one encoding per layout: requests is never spelled out.</summary>
    [Fact]
    public void A_spelled_out_requests_or_a_unit_beyond_its_bound_is_refused()
    {
        byte[] Head(int unitBytes) => [1, 1, 4, 0, 0, 0, 0, 1, 0, (byte)unitBytes, .. BitConverter.GetBytes(1_000_000_000L), .. new byte[16], (byte)'l'];
        Assert.True(CounterLayout.TryDecode([.. Head(5), .. "bytes"u8], out _));
        Assert.False(CounterLayout.TryDecode([.. Head(8), .. "requests"u8], out _));
        Assert.False(CounterLayout.TryDecode([.. Head(5), .. "byte"u8], out _));
        Assert.False(CounterLayout.TryDecode([.. Head(65), .. Enumerable.Repeat((byte)'u', 65)], out _));
        Assert.True(CounterLayout.TryDecode([.. Head(64), .. Enumerable.Repeat((byte)'u', 64)], out _));
    }

    private static CounterLayout EveryAlgorithm() => new(
    [
        CounterShape.SlidingWindow("per-minute", 60_000_000_000, 10),
        CounterShape.Weighted("w", 1_000_000_000),
        CounterShape.TokenBucket("tokens", 3, 1_000_000_000, 7),
        CounterShape.FixedWindow("täglich", 86_400_000_000_000),
        CounterShape.ForCalendar("month", new CalendarRule(CalendarUnit.Month, "Europe/Berlin", 31)),
        CounterShape.ForCalendar("year", new CalendarRule(CalendarUnit.Year, "UTC", 29, 2)),
        CounterShape.ForCalendar("week", new CalendarRule(CalendarUnit.Week, "Asia/Kolkata")),
        CounterShape.ForCalendar("day", new CalendarRule(CalendarUnit.Day, "America/New_York")),
    ]);

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes.Length < 2 ? bytes : [1, (byte)random.Next(4), .. bytes[2..]];
    }

    private static byte[] Damage(Random random, byte[] bytes)
    {
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            // The head of a counter matters most: its enums, bounds and lengths.
            int at = random.Next(2) == 0 ? random.Next(bytes.Length) : random.Next(40);
            bytes[at] = random.Pick((byte)random.Next(256), (byte)random.Next(8), (byte)0, (byte)255);
        }
        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
