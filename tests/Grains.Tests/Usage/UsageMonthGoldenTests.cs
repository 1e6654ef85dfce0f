using Quota.Contracts;
using Quota.Grains.Usage;

namespace Quota.Grains.Tests.Usage;

/// <summary>The bytes of a month. APPEND-ONLY: a change here loses what was billed.</summary>
public sealed class UsageMonthGoldenTests
{
    private static readonly MonthLabel October = new(2026, 10);

    [Fact]
    public void A_month_with_everything()
    {
        var month = new UsageMonth(0x0102, 0x030405, "UTC") { ForgetAtNs = 0x0807060504030201 };
        var day = new UsageDay { StartMs = 0x0102, EndMs = 0x0200, Day = 0x4FFF, Month = October };
        day.Units.Add(new UnitCounts("requests", 300, 100, 2, 1, 3, 4));
        day.Units.Add(new UnitCounts("b", Denied: 5));
        day.Limits.Add(new LimitCounts("lim", "requests", 128, 1, 2, 3));
        month.Add(day);
        var later = new UsageDay { StartMs = 0x0200, EndMs = 0x0300, Day = 0x5001, Month = October };
        later.Units.Add(new UnitCounts("b", 1));
        month.Add(later);
        Assert.Equal(AdjustOutcome.Added, month.Adjust(new UsageAdjustment("id", "b", -2, "why", "me", 0x0607)));
        month.Seal(0x0A0B);
        const string Golden =
            "0102030405060708" + "01" + "01" + "0B0A000000000000" + "0201000000000000" + "0504030000000000" + "03555443"
            + "02" + "087265717565737473" + "AC02" + "64" + "02" + "01" + "03" + "04" + "0162" + "01" + "00" + "00" + "00" + "05" + "00"
            + "01" + "036C696D" + "00" + "8001" + "01" + "02" + "03"
            + "0200" + "FF4F0000" + "00" + "AC02" + "02" + "02" + "01" + "01" + "00"
            + "0100" + "026964" + "01" + "FEFFFFFFFFFFFFFF" + "0300" + "776879" + "026D65" + "0706000000000000";
        Assert.Equal(Golden, Convert.ToHexString(UsageMonthCodec.Encode(month)));

        Assert.True(UsageMonthCodec.TryDecode(Convert.FromHexString(Golden), out UsageMonth? read));
        Assert.Equal((0x0807060504030201, 0x0102L, 0x030405L, "UTC", true, 0x0A0BL), (read.ForgetAtNs, read.StartMs, read.EndMs, read.ZoneId, read.IsSealed, read.SealedAtMs));
        Assert.Equal(month.Units, read.Units);
        Assert.Equal(month.Limits, read.Limits);
        Assert.Equal([new DayCounts(0x4FFF, "requests", 300, 2), new DayCounts(0x5001, "b", 1, 0)], read.Days);
        Assert.Equal(-2, read.Adjusted("b"));
        Assert.Equal(month.Adjustments, read.Adjustments);
    }

    [Fact]
    public void The_largest_month_there_can_be_fits_its_bound()
    {
        string Name(int i, int bytes) => i.ToString("D4", null).PadRight(bytes, 'x');
        var month = new UsageMonth(0, 1, new string('z', Bounds.ZoneBytesMax)) { ForgetAtNs = long.MaxValue };
        const long Most = UsageSum.Max;
        for (int day = 0; day < 70; day++)
        {
            var section = new UsageDay { StartMs = 0, EndMs = 1, Day = int.MinValue + (day * 30_000_000), Month = October };
            for (int i = 0; i < 40; i++)
            {
                section.Units.Add(new UnitCounts(Name(i, Bounds.NameBytesMax), Most, Most, Most, Most, Most, Most));
            }
            for (int i = 0; i < 170; i++)
            {
                section.Limits.Add(new LimitCounts(Name(i, Bounds.NameBytesMax), Name(i % 40, Bounds.NameBytesMax), Most, Most, Most, Most));
            }
            month.Add(section);
        }
        Assert.Equal((Bounds.MonthUnitsMax + 1, Bounds.MonthDayRowsMax), (month.Units.Count, month.Days.Count));
        Assert.Contains(month.Limits, l => l.Limit == UsageMonth.Other);
        int added = 0;
        while (month.Adjust(Longest(added)) == AdjustOutcome.Added)
        {
            added++;
        }
        Assert.InRange(added, 20, 27);
        while (month.Adjust(Longest(added) with { Id = UsageMonth.OwnIdPrefix + Name(added, 100) }) == AdjustOutcome.Added)
        {
            added++;
        }
        month.Seal(long.MaxValue);
        byte[] encoded = UsageMonthCodec.Encode(month);
        Assert.InRange(encoded.Length, 50 * 1024, Bounds.MonthBytesMax);
        Assert.True(UsageMonthCodec.TryDecode(encoded, out _));

        UsageAdjustment Longest(int i) => new(Name(i, Bounds.AdjustmentIdBytesMax), Name(0, Bounds.NameBytesMax), Bounds.AmountMax, new string('r', Bounds.ReasonBytesMax), new string('a', Bounds.AdjustmentIdBytesMax), long.MaxValue);
    }

    [Fact]
    public void Random_and_damaged_bytes_are_refused_without_a_throw_or_read_as_what_they_say()
    {
        var month = new UsageMonth(0, 100, "Europe/Vienna");
        var day = new UsageDay { StartMs = 0, EndMs = 10, Day = -1, Month = October };
        day.Units.Add(new UnitCounts("requests", 1000, 2, 3, 1, 4, 5));
        day.Units.Add(new UnitCounts("tokens", 1L << 60));
        day.Limits.Add(new LimitCounts("täglich", "tokens", 1, 2, 3, 4));
        month.Add(day);
        month.Adjust(new UsageAdjustment("i", "tokens", 5, "r", "a", 1));
        byte[] whole = UsageMonthCodec.Encode(month);
        int read = 0;
        var random = new Random(11);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = i % 10 == 0 ? new byte[random.Next(200)] : whole[..(i % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
            bytes = [.. bytes];
            if (i % 10 == 0)
            {
                random.NextBytes(bytes);
            }
            for (int flips = random.Next(1, 4); flips > 0 && bytes.Length > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(4) == 0 ? (byte)random.Next(4) : (byte)random.Next(256);
            }
            if (UsageMonthCodec.TryDecode(bytes, out UsageMonth? decoded))
            {
                read++;
                Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(UsageMonthCodec.Encode(decoded)));
            }
        }
        Assert.InRange(read, 1_000, 99_000);
        Assert.False(UsageMonthCodec.TryDecode([.. whole, 0], out _));
    }
}
