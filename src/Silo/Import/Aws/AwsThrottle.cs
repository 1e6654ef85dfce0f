using System.Globalization;
using System.Numerics;
using Quota.Contracts.V1;
using Quota.Grains.Model;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>
/// Throttle settings of API Gateway (<c>rateLimit</c> requests a second, <c>burstLimit</c> requests at once) as a token bucket.
/// The rate may be a fraction; it becomes whole units per whole seconds: 0.5 is 1 per 2 s, 3.14 is 157 per 50 s.
/// </summary>
internal static class AwsThrottle
{
    private const long SecondNs = 1_000_000_000;

    /// <summary>More digits behind the point would need periods longer than a rate may have.</summary>
    private const int FractionDigitsMax = 7;

    /// <summary>The rate, or null where there is none or, with an error, where it is wrong.</summary>
    public static Rate? Read(SourceObject throttle)
    {
        ConfigScalar? rateText = throttle.Scalar("rateLimit");
        int errors = throttle.Remarks.Errors;
        // The service takes it for a number of any kind: some tools print 200.0.
        decimal? rate = Number(throttle, rateText, "rateLimit");
        ConfigScalar? burstText = throttle.Scalar("burstLimit");
        decimal? burst = Number(throttle, burstText, "burstLimit");
        throttle.Finish();
        if (burst is { } units && units != Math.Truncate(units))
        {
            throttle.Remarks.Error(burstText!, throttle.At("burstLimit"), $"{burstText!.Value} is not a whole number");
        }
        if (throttle.Remarks.Errors > errors)
        {
            return null;
        }
        if (rate is null)
        {
            throttle.Remarks.Note(throttle.Node, throttle.At("rateLimit"), "is absent: there the account's rate holds, which these files do not tell; no limit is written");
            return null;
        }
        if (rate == 0 || burst < 1)
        {
            throttle.Remarks.Note(throttle.Node, throttle.Path, $"a {(rate == 0 ? "rate" : "burst")} of 0 refuses every request; kept as a limit of 0");
            return new Rate { Amount = 0, Period = "1s", Algorithm = Algorithm.SlidingWindow };
        }
        (long amount, long seconds) = Scale(throttle, rateText!, rate.Value);
        long bucket = (long)(burst ?? Math.Ceiling(rate.Value));
        if ((Int128)bucket * seconds * SecondNs / amount > CounterShape.BurstNsMax)
        {
            throttle.Remarks.Error(throttle.Node, throttle.Path, "the burst takes longer than ten years to refill");
            return null;
        }
        if (burst is null)
        {
            throttle.Remarks.Note(throttle.Node, throttle.At("burstLimit"), $"is absent: there the account's burst holds; {bucket} is written, the units of a second");
        }
        throttle.Remarks.Note(throttle.Node, throttle.Path, "applied on a best-effort basis there, so that callers can exceed it; exact here");
        return new Rate { Amount = amount, Period = DurationText.Format(seconds * SecondNs), Algorithm = Algorithm.TokenBucket, Burst = bucket };
    }

    private static decimal? Number(SourceObject throttle, ConfigScalar? text, string field)
    {
        if (text is null)
        {
            return null;
        }
        if (!text.IsPlain || !decimal.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value))
        {
            throttle.Remarks.Error(text, throttle.At(field), $"{Quoted.Text(text.Value)} is not a number");
            return null;
        }
        if (value is < 0 or > int.MaxValue)
        {
            throttle.Remarks.Error(text, throttle.At(field), $"{text.Value} is out of bounds: must be from 0 to {int.MaxValue}");
            return null;
        }
        return value;
    }

    /// <summary>Units and seconds in lowest terms. Exact up to seven digits behind the point; beyond them the nearest, which is noted.</summary>
    private static (long Amount, long Seconds) Scale(SourceObject throttle, ConfigScalar text, decimal rate)
    {
        decimal kept = Math.Round(rate, FractionDigitsMax);
        if (kept == 0)
        {
            kept = 1m / 10_000_000;
        }
        if (kept != rate)
        {
            throttle.Remarks.Note(text, throttle.At("rateLimit"), $"{text.Value} is rounded to {kept.ToString("0.#######", CultureInfo.InvariantCulture)}");
        }
        long seconds = 1;
        while (kept != Math.Truncate(kept))
        {
            kept *= 10;
            seconds *= 10;
        }
        var divisor = (long)BigInteger.GreatestCommonDivisor((BigInteger)kept, seconds);
        return ((long)kept / divisor, seconds / divisor);
    }
}
