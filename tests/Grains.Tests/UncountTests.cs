using System.Numerics;
using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;
using Xunit.Sdk;

namespace Quota.Grains.Tests;

/// <summary>Giving units back, against logs of what was counted and given back.</summary>
public sealed class UncountTests
{
    private const long DayNs = 86_400_000_000_000;

    [Theory]
    [InlineData(LimitAlgorithm.SlidingWindow)]
    [InlineData(LimitAlgorithm.Weighted)]
    [InlineData(LimitAlgorithm.FixedWindow)]
    [InlineData(LimitAlgorithm.Calendar)]
    public void The_counter_equals_the_log_of_counts_and_returns(LimitAlgorithm algorithm) => Seeded.ForEach(2_500, random =>
    {
        var oracle = new ReturnOracle(algorithm, random);
        var subject = new CounterSubject(oracle.Limit);
        var counted = new List<Instant>();
        foreach (Step step in oracle.Sequence(random).Steps(50))
        {
            Assert.Equal(oracle.Model.Fits(step.Cost, step.At), subject.Evaluate(step.Cost, step.At) == Counter.HasRoom);
            if (step.Cost > 0 && oracle.Model.Fits(step.Cost, step.At))
            {
                subject.Count(step.Cost, step.At);
                oracle.Model.Count(step.Cost, step.At);
                counted.Add(step.At);
            }
            if (counted.Count > 0 && random.Next(3) == 0)
            {
                // Also more than was counted, and of instants at which nothing was.
                Instant at = random.Next(8) == 0 ? step.At : random.Pick<Instant>(counted.ToArray());
                long units = random.Pick(0, 1, step.Cost, Bounds.AmountMax);
                Assert.Equal(oracle.Uncount(units, at, step.At), Counter.Uncount(oracle.Limit.Shape, subject.Bytes, units, at, step.At));
            }
            Assert.Equal(oracle.Model.Used(step.At), subject.Used(step.At));
            Assert.All(Enumerable.Range(0, subject.Bytes.Length / 8), i => Assert.True(BitConverter.ToInt64(subject.Bytes, i * 8) >= 0));
        }
    });

    [Fact]
    public void No_true_window_of_what_was_accepted_and_not_given_back_exceeds_the_amount() => Seeded.ForEach(3_000, random =>
    {
        var oracle = new ReturnOracle(LimitAlgorithm.SlidingWindow, random);
        var subject = new CounterSubject(oracle.Limit);
        var live = new List<(Instant Asked, long AtNs, long Cost)>();
        foreach (Step step in oracle.Sequence(random).Steps(50))
        {
            if (live.Count > 0 && random.Next(2) == 0)
            {
                int i = random.Next(live.Count);
                long units = random.NextInt64(live[i].Cost + 1);
                long given = Counter.Uncount(oracle.Limit.Shape, subject.Bytes, units, live[i].Asked, step.At);
                Assert.InRange(given, 0, units);
                live[i] = live[i] with { Cost = live[i].Cost - given };
            }
            if (step.Cost > 0 && subject.Evaluate(step.Cost, step.At) == Counter.HasRoom)
            {
                live.Add((step.At, Counter.Latest(oracle.Limit.Shape, subject.Bytes, step.At).WindowNs, step.Cost));
                subject.Count(step.Cost, step.At);
                var log = new EventLog();
                live.ForEach(e => log.Add(e.AtNs, e.Cost));
                Assert.InRange(log.MostInAnyWindow(oracle.PeriodNs), 0, oracle.Amount);
            }
        }
    });

    [Fact]
    public void A_token_bucket_equals_the_rational_one_and_admits_no_more_than_burst_and_refill() => Seeded.ForEach(3_000, random => Tokens(random, giveBackWhole: false));

    /// <summary>Why a token bucket does not give back what may have been refilled: with the whole given back the property does not hold.</summary>
    [Fact]
    public void Giving_back_the_whole_would_break_the_burst() =>
        Assert.Throws<XunitException>(() => Seeded.ForEach(500, random => Tokens(random, giveBackWhole: true)));

    [Theory]
    [InlineData(0, 10, 0)]
    [InlineData(3, 7, 0)]
    [InlineData(10, 0, 0)]
    [InlineData(30, 0, 0)]
    public void A_token_bucket_gives_back_what_cannot_have_been_refilled(long secondsLater, long given, long usedAfter)
    {
        var subject = new CounterSubject(LimitModel.TokenBucket("l", 1, 1_000_000_000, 10));
        Instant counted = Instant.FromUnixMs(1_700_000_000_000);
        Instant now = CounterProperty.Later(counted, secondsLater * 1_000_000_000);
        subject.Count(10, counted);
        Assert.Equal(given, Counter.Uncount(LimitModel.TokenBucket("l", 1, 1_000_000_000, 10).Shape, subject.Bytes, 10, counted, now));
        Assert.Equal(usedAfter, subject.Used(now));
    }

    [Fact]
    public void Concurrency_holds_what_was_counted_and_not_released() => Seeded.ForEach(500, random =>
    {
        LimitModel limit = LimitModel.Concurrency("c", random.Next(1, 30));
        var bytes = new byte[8];
        long held = 0;
        for (int i = 0; i < 100; i++)
        {
            Instant now = Instant.FromUnixMs(random.NextInt64(Instant.WallMsMax / 4));
            long cost = random.Next(1, 12);
            long answer = Counter.Evaluate(limit, bytes, cost, now);
            Assert.Equal(cost > limit.Capacity ? Counter.Never : held + cost <= limit.Capacity ? Counter.HasRoom : 1_000_000_000, answer);
            if (answer == Counter.HasRoom)
            {
                Counter.Count(limit.Shape, bytes, cost, now);
                held += cost;
            }
            long units = random.Next(12);
            long given = Counter.Uncount(limit.Shape, bytes, units, default, now);
            Assert.Equal(Math.Min(units, held), given);
            held -= given;
            Assert.Equal(held, Counter.Used(limit.Shape, bytes, now));
            Assert.Equal(held == 0, Counter.ResetNs(limit.Shape, bytes, now) == 0);
        }
    });

    private static void Tokens(Random random, bool giveBackWhole)
    {
        long amount = random.Next(1, 20), burst = random.Next(1, 20), periodNs = random.NextInt64(Bounds.PeriodNsMin, 20_000_000_000);
        LimitModel limit = LimitModel.TokenBucket("l", amount, periodNs, burst);
        var subject = new CounterSubject(limit);
        // The arrival time in ns × amount.
        BigInteger arrival = 0;
        var live = new List<(Instant At, long Cost)>();
        Instant now = Instant.FromUnixMs(1_700_000_000_000);
        for (int i = 0; i < 60; i++)
        {
            now = CounterProperty.Later(now, random.Pick(0, random.NextInt64(periodNs / amount), random.NextInt64(2 * periodNs), 3 * burst * periodNs / amount));
            BigInteger nowScaled = (BigInteger)now.WindowNs * amount;
            if (live.Count > 0 && random.Next(2) == 0)
            {
                int of = random.Next(live.Count);
                long units = random.NextInt64(live[of].Cost + 1);
                Instant at = giveBackWhole ? now : live[of].At;
                long given = Counter.Uncount(limit.Shape, subject.Bytes, units, at, now);
                BigInteger refilled = (((BigInteger)(now.WindowNs - at.WindowNs) * amount) + periodNs - 1) / periodNs;
                BigInteger used = (BigInteger.Max(0, arrival - nowScaled) + periodNs - 1) / periodNs;
                BigInteger back = BigInteger.Max(0, BigInteger.Min(units - refilled, used));
                Assert.Equal((long)back, given);
                arrival = back.IsZero ? arrival : BigInteger.Max(nowScaled, arrival - (back * periodNs));
                live[of] = live[of] with { Cost = live[of].Cost - given };
            }
            long cost = random.NextInt64(1, burst + 1);
            if (subject.Evaluate(cost, now) == Counter.HasRoom)
            {
                subject.Count(cost, now);
                arrival = BigInteger.Max(arrival, nowScaled) + ((BigInteger)cost * periodNs);
                live.Add((now, cost));
                var log = new EventLog();
                live.ForEach(e => log.Add(e.At.WindowNs, e.Cost));
                Assert.True(log.StaysWithin(burst, amount, periodNs), "more than burst and refill");
            }
            BigInteger owed = BigInteger.Max(0, arrival - nowScaled);
            Assert.Equal((long)((owed + periodNs - 1) / periodNs), subject.Used(now));
        }
    }

    /// <summary>A limit, its model, and what a return means by the log: units of the window, bucket or period of the instant.</summary>
    private sealed class ReturnOracle
    {
        private readonly LimitAlgorithm _algorithm;
        private readonly long _placeNs;
        private readonly int _placesHeld;

        public ReturnOracle(LimitAlgorithm algorithm, Random random)
        {
            _algorithm = algorithm;
            Amount = RandomLimit.Amount(random);
            PeriodNs = algorithm == LimitAlgorithm.Calendar ? DayNs : RandomLimit.PeriodNs(random);
            int buckets = RandomLimit.Buckets(random);
            (Limit, Model, _placesHeld) = algorithm switch
            {
                LimitAlgorithm.SlidingWindow => (LimitModel.SlidingWindow("l", Amount, PeriodNs, buckets), (ICounterModel)new SlidingModel(Amount, PeriodNs, buckets), buckets + 1),
                LimitAlgorithm.Weighted => (LimitModel.Weighted("l", Amount, PeriodNs), new WeightedModel(Amount, PeriodNs), 2),
                LimitAlgorithm.FixedWindow => (LimitModel.FixedWindow("l", Amount, PeriodNs), new FixedModel(Amount, PeriodNs), 1),
                _ => (LimitModel.Quota("l", Amount, new CalendarRule(CalendarUnit.Day)), new CalendarModel(Amount, CalendarUnit.Day), 1),
            };
            _placeNs = algorithm == LimitAlgorithm.SlidingWindow ? Limit.Shape.BucketWidthNs : PeriodNs;
        }

        public LimitModel Limit { get; }

        public ICounterModel Model { get; }

        public long Amount { get; }

        public long PeriodNs { get; }

        public Sequence Sequence(Random random) => new(random, Amount, PeriodNs, _placeNs, _algorithm == LimitAlgorithm.Calendar ? 1_000_000 : 1);

        public long Uncount(long units, in Instant countedAt, in Instant now)
        {
            long place = Place(countedAt);
            long latest = Model.Log.Events.Aggregate(Place(now), (most, e) => Math.Max(most, e.AtNs * Scale / _placeNs));
            if (latest - place >= _placesHeld)
            {
                return 0;
            }
            long given = Math.Min(units, Model.Log.Events.Where(e => e.AtNs * Scale / _placeNs == place).Sum(e => e.Cost));
            if (given > 0)
            {
                Model.Log.Add(place * _placeNs / Scale, -given);
            }
            return given;
        }

        /// <summary>The calendar's log is in ms.</summary>
        private long Scale => _algorithm == LimitAlgorithm.Calendar ? 1_000_000 : 1;

        private long Place(in Instant at) => _algorithm == LimitAlgorithm.Calendar ? at.WallMs / (DayNs / 1_000_000) : at.WindowNs / _placeNs;
    }
}
