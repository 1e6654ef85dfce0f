using System.Runtime.InteropServices;
using Quota.Grains.Counters;
using Quota.Grains.Model;

namespace Quota.Grains.Tests;

/// <summary>What a silo may decide alone of a limit: the layout of its bytes, and what it answers from them.</summary>
public sealed class LeaseCounterTests
{
    private static readonly LimitModel Limit = LimitModel.SlidingWindow("a", 100, 60_000_000_000, unit: "t").ForLease();

    [Fact]
    public void A_leased_layout_has_these_bytes_and_is_read_again()
    {
        CounterLayout leased = new PlanModel("p", [LimitModel.SlidingWindow("a", 100, 60_000_000_000, unit: "t")]).Leased.Layout;
        Assert.Equal(
            "0102" + "0900000000010001" + new string('0', 48) + "6174" + "0A00000000000000" + new string('0', 48),
            Convert.ToHexString(leased.Encoded));
        Assert.True(CounterLayout.TryDecode(leased.Encoded, out CounterLayout? decoded));
        Assert.Equal((leased.Id, (LeaseCounter.Longs + LeaseHead.Longs) * 8), (decoded.Id, decoded.SizeBytes));
    }

    [Fact]
    public void Permits_are_spent_to_the_last_one_and_what_is_left_is_described()
    {
        byte[] counter = State(c => (c[LeaseCounter.Granted], c[LeaseCounter.Pool], c[LeaseCounter.Amount], c[LeaseCounter.ResetAtNs]) = (10, 30, 100, 5_000));
        var now = new Instant(1_000, 0);
        Assert.Equal(Counter.HasRoom, Counter.Evaluate(Limit, counter, 10, now));
        Counter.Count(Limit.Shape, counter, 7, now);
        Counter.Describe(Limit, counter, now, out long amount, out long remaining, out long resetNs);
        Assert.Equal((100, 33, 4_000), (amount, remaining, resetNs));
        Assert.Equal(Counter.HasRoom, Counter.Evaluate(Limit, counter, 3, now));
        Assert.Equal(Counter.Never, Counter.Evaluate(Limit, counter, 4, now));
    }

    [Fact]
    public void A_refusal_that_is_known_holds_for_its_time_and_for_costs_as_large()
    {
        byte[] counter = State(c => (c[LeaseCounter.DeniedUntilNs], c[LeaseCounter.DeniedCost]) = (5_000, 3));
        Assert.Equal(4_000, Counter.Evaluate(Limit, counter, 3, new Instant(1_000, 0)));
        Assert.Equal(Counter.Never, Counter.Evaluate(Limit, counter, 2, new Instant(1_000, 0)));
        Assert.Equal(Counter.Never, Counter.Evaluate(Limit, counter, 3, new Instant(5_000, 0)));
    }

    [Fact]
    public void A_leased_block_is_kept_until_it_is_settled()
    {
        CounterLayout layout = new PlanModel("p", [LimitModel.SlidingWindow("a", 100, 60_000_000_000)]).Leased.Layout;
        byte[] block = new byte[layout.SizeBytes];
        var now = new Instant(1_000, 0);
        Assert.Equal(1_000, CounterExpiry.ForgetAtNs(layout, block, now));
        MemoryMarshal.Cast<byte, long>(layout.Counter(block.AsSpan(), 1))[LeaseHead.Id] = 1;
        Assert.Equal(long.MaxValue, CounterExpiry.ForgetAtNs(layout, block, now));
    }

    [Theory]
    [InlineData(LimitAlgorithm.SlidingWindow, 18_000_000_000)]
    [InlineData(LimitAlgorithm.FixedWindow, 60_000_000_000)]
    [InlineData(LimitAlgorithm.Weighted, 60_000_000_000)]
    [InlineData(LimitAlgorithm.TokenBucket, long.MaxValue)]
    public void Units_counted_now_are_in_their_place_until_then(LimitAlgorithm algorithm, long endNs)
    {
        LimitModel limit = algorithm switch
        {
            LimitAlgorithm.SlidingWindow => LimitModel.SlidingWindow("a", 10, 60_000_000_000, 10),
            LimitAlgorithm.FixedWindow => LimitModel.FixedWindow("a", 10, 60_000_000_000),
            LimitAlgorithm.Weighted => LimitModel.Weighted("a", 10, 60_000_000_000),
            _ => LimitModel.TokenBucket("a", 10, 60_000_000_000, 10),
        };
        byte[] counter = new byte[limit.Shape.SizeBytes];
        Assert.Equal(endNs, Counter.PlaceEndNs(limit.Shape, counter, new Instant(15_000_000_000, 0)));
        long place = Counter.Place(limit.Shape, counter, new Instant(15_000_000_000, 0));
        long lastNs = Math.Min(endNs, 1_000_000_000_000) - 1;
        Assert.Equal(place, Counter.Place(limit.Shape, counter, new Instant(lastNs, 0)));
        Assert.Equal(endNs == long.MaxValue, place == Counter.Place(limit.Shape, counter, new Instant(lastNs + 1, 0)));
        Counter.Count(limit.Shape, counter, 1, new Instant(lastNs + 1, 0));
        // What was counted later moves the place of all that is counted from then on.
        Assert.Equal(endNs == long.MaxValue, place == Counter.Place(limit.Shape, counter, new Instant(15_000_000_000, 0)));
    }

    private static byte[] State(Action<long[]> fill)
    {
        long[] state = new long[LeaseCounter.Longs];
        fill(state);
        return MemoryMarshal.AsBytes(state.AsSpan()).ToArray();
    }
}
