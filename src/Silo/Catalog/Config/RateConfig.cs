using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>The <c>rate</c> of a limit, as written; within bounds if reading it added no errors.</summary>
internal sealed record RateConfig(LimitAlgorithm Algorithm, long Amount, long PeriodNs, int Buckets, long Burst)
{
    private const long SecondNs = 1_000_000_000;

    private static readonly Dictionary<string, LimitAlgorithm> Algorithms = new(StringComparer.Ordinal)
    {
        ["sliding_window"] = LimitAlgorithm.SlidingWindow,
        ["weighted"] = LimitAlgorithm.Weighted,
        ["token_bucket"] = LimitAlgorithm.TokenBucket,
        ["fixed_window"] = LimitAlgorithm.FixedWindow,
    };

    public static RateConfig Read(FieldReader rate)
    {
        int errorsBefore = rate.Errors.Count;
        LimitAlgorithm algorithm = rate.Choice("algorithm", Algorithms, LimitAlgorithm.SlidingWindow);
        bool isAlgorithmKnown = rate.Errors.Count == errorsBefore;
        rate.Require("amount");
        rate.Require("period");
        bool isTokenBucket = algorithm == LimitAlgorithm.TokenBucket;
        long amount = rate.Integer("amount", isTokenBucket ? 1 : 0, Bounds.AmountMax, 1);
        long periodNs = Period(rate);
        long buckets = rate.Integer("buckets", Bounds.BucketsMin, Bounds.BucketsMax, Bounds.BucketsDefault);
        long burst = rate.Integer("burst", 1, Bounds.AmountMax, amount);
        if (isAlgorithmKnown && algorithm != LimitAlgorithm.SlidingWindow && rate.Take("buckets") is not null)
        {
            rate.Refuse("buckets", "only a sliding_window has buckets");
        }
        if (isAlgorithmKnown && !isTokenBucket && rate.Take("burst") is not null)
        {
            rate.Refuse("burst", "only a token_bucket has a burst (algorithm: token_bucket)");
        }
        if (isTokenBucket && (Int128)burst * periodNs / amount > CounterShape.BurstNsMax)
        {
            rate.Refuse("burst", $"{burst} units take longer than ten years to refill at {amount} per {DurationText.Format(periodNs)}");
        }
        rate.Finish();
        return new RateConfig(algorithm, amount, periodNs, (int)buckets, burst);
    }

    public LimitModel ToModel(string name, LimitMode mode, IReadOnlyList<AttributeMatch> match, IReadOnlyList<string> per, string unit, OverrunPolicy overrun) => Algorithm switch
    {
        LimitAlgorithm.Weighted => LimitModel.Weighted(name, Amount, PeriodNs, mode, match, per, unit, overrun),
        LimitAlgorithm.TokenBucket => LimitModel.TokenBucket(name, Amount, PeriodNs, Burst, mode, match, per, unit, overrun),
        LimitAlgorithm.FixedWindow => LimitModel.FixedWindow(name, Amount, PeriodNs, mode, match, per, unit, overrun),
        _ => LimitModel.SlidingWindow(name, Amount, PeriodNs, Buckets, mode, match, per, unit, overrun),
    };

    private static long Period(FieldReader rate)
    {
        if (rate.Take("period") is ConfigScalar { Value: { } text } && QuotaConfig.IsCalendarPeriod(text))
        {
            rate.Refuse("period", $"{Quoted.Text(text)} is a calendar period, which a quota has: write quota instead of rate");
            return SecondNs;
        }
        return rate.DurationNs("period", Bounds.PeriodNsMin, Bounds.PeriodNsMax, SecondNs);
    }
}
