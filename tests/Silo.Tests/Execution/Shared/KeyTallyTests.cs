using Quota.Contracts;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Store;

namespace Quota.Silo.Tests.Execution.Shared;

/// <summary>How many request ids and reservations a key has, as bytes behind its counters.</summary>
public sealed class KeyTallyTests
{
    private const long SecondNs = 1_000_000_000;

    /// <summary>Two reservations, and three ids of a window of 32 s in two of its parts. APPEND-ONLY.</summary>
    private const string Golden = "0102000002000000C0DA0000000000000000000002000000E803000001000000";

    [Fact]
    public void The_persisted_form_is_golden()
    {
        KeyTally tally = Sample();
        Assert.Equal(Golden, Convert.ToHexString(tally.Encode(23 * SecondNs)));
        KeyTally read = KeyTally.Decode(Convert.FromHexString(Golden));
        Assert.Equal((2u, 3L, RecordHead.Never), (read.Reservations, read.Requests(23 * SecondNs), read.ForgetAtNs));
        Assert.Equal(Golden, Convert.ToHexString(read.Encode(23 * SecondNs)));
    }

    [Fact]
    public void One_that_says_nothing_is_empty()
    {
        KeyTally tally = Sample();
        tally.EndReservation();
        tally.EndReservation();
        tally.EndReservation();
        Assert.Equal(57 * SecondNs, tally.ForgetAtNs);
        Assert.NotEmpty(tally.Encode((57 * SecondNs) - 1));
        Assert.Empty(tally.Encode(57 * SecondNs));
        Assert.Equal((0u, 0L), (tally.Reservations, tally.ForgetAtNs));
        Assert.Empty(KeyTally.Decode([]).Encode(0));
    }

    [Fact]
    public void One_that_is_cut_or_of_another_version_is_not_read()
    {
        byte[] bytes = Convert.FromHexString(Golden);
        for (int length = 1; length < bytes.Length; length++)
        {
            Assert.Throws<StoreException>(() => KeyTally.Decode(bytes.AsSpan(0, length)));
        }
        bytes[0] = 2;
        Assert.Throws<StoreException>(() => KeyTally.Decode(bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void No_remembered_id_is_left_out_and_none_counts_longer_than_a_32nd_of_its_window_after_it(int seed)
    {
        var random = new Random(seed);
        var log = new List<(long ForgetAtNs, long WindowNs)>();
        var tally = new KeyTally();
        long nowNs = 1_773_144_000 * SecondNs;
        long windowNs = Bounds.RequestIdWindowNsDefault;
        for (int i = 0; i < 20_000; i++)
        {
            nowNs += random.NextInt64(windowNs / (random.Next(4) == 0 ? 20 : 2_000));
            if (seed == 4 && random.Next(2_000) == 0)
            {
                windowNs = random.NextInt64(Bounds.RequestIdWindowNsMin, 2 * Bounds.RequestIdWindowNsDefault);
            }
            log.Add((nowNs + windowNs, windowNs));
            tally.AddRequest(nowNs + windowNs, nowNs);
            tally = KeyTally.Decode(tally.Encode(nowNs));
            log.RemoveAll(e => e.ForgetAtNs + (e.WindowNs / 4) <= nowNs);
            long remembered = log.Count(e => e.ForgetAtNs > nowNs);
            long counted = log.Count(e => e.ForgetAtNs + (e.WindowNs / Bounds.TallyPartsPerWindow) + 1_000_000 > nowNs);
            // After a change of the window entries may be merged: then only the first holds.
            Assert.InRange(tally.Requests(nowNs), remembered, seed == 4 ? long.MaxValue : counted);
            Assert.InRange(tally.Encode(nowNs).Length, 24, 16 + (8 * Bounds.TallyEntriesMax));
        }
    }

    [Fact]
    public void A_count_that_grows_old_without_a_step_is_over_when_the_last_id_is()
    {
        var tally = new KeyTally();
        for (int i = 0; i < 1_000; i++)
        {
            tally.AddRequest((i * SecondNs) + (600 * SecondNs), i * SecondNs);
        }
        Assert.InRange(tally.ForgetAtNs, (1_599 * SecondNs) + 1, 1_618 * SecondNs);
        Assert.Equal(0, tally.Requests(tally.ForgetAtNs));
        Assert.True(tally.Requests(1_599 * SecondNs) > 0);
    }

    private static KeyTally Sample()
    {
        var tally = new KeyTally();
        tally.OpenReservation();
        tally.OpenReservation();
        tally.AddRequest(55 * SecondNs, 23 * SecondNs);
        tally.AddRequest((55 * SecondNs) + 900_000_000, (23 * SecondNs) + 900_000_000);
        tally.AddRequest(56 * SecondNs, 24 * SecondNs);
        return tally;
    }
}
