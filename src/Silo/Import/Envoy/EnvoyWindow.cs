using Quota.Contracts.V1;
using QuotaLimit = Quota.Contracts.V1.Quota;

namespace Quota.Silo.Import.Envoy;

/// <summary>
/// The window of a limit. There every unit is a fixed window counted from the epoch: days and weeks (from Thursday) are those
/// of the calendar in UTC, months have 30 days and years 365.
/// </summary>
internal static class EnvoyWindow
{
    private const int Thursday = 4;

    /// <summary>Sets the limit's rate or quota and notes where it differs.</summary>
    /// <param name="limit">The limit to set.</param>
    /// <param name="source">What it is translated from.</param>
    /// <param name="exact">Keep fixed windows, also for months of 30 and years of 365 days.</param>
    public static void Set(Limit limit, EnvoyRateLimit source, bool exact)
    {
        switch (source.Unit)
        {
            case EnvoyUnit.Second or EnvoyUnit.Minute or EnvoyUnit.Hour:
                string period = source.Unit switch { EnvoyUnit.Second => "1s", EnvoyUnit.Minute => "1m", _ => "1h" };
                if (exact)
                {
                    limit.Rate = Fixed(source, period);
                    break;
                }
                limit.Rate = new Rate { Amount = source.Amount, Period = period, Algorithm = Algorithm.SlidingWindow };
                Note(source, "a fixed window there, which two windows side by side exceed; here a sliding window, which never holds more than the amount (--exact keeps fixed windows)");
                break;
            case EnvoyUnit.Day:
                limit.Quota = Calendar(source, Period.Day);
                break;
            case EnvoyUnit.Week:
                limit.Quota = Calendar(source, Period.Week);
                limit.Quota.AnchorDay = Thursday;
                Note(source, "weeks begin on Thursday, 00:00 UTC, because weeks there are counted from 1970-01-01; kept with anchor_day 4");
                break;
            case EnvoyUnit.Month when exact:
                limit.Rate = Fixed(source, "30d");
                Note(source, "30 days from the epoch, as there; not a month of the calendar");
                break;
            case EnvoyUnit.Month:
                limit.Quota = Calendar(source, Period.Month);
                limit.Quota.AnchorDay = 1;
                Note(source, "30 days from the epoch there; here a month of the calendar in UTC (--exact keeps 30 days)");
                break;
            case EnvoyUnit.Year when exact:
                limit.Rate = Fixed(source, "365d");
                Note(source, "365 days from the epoch, as there; not a year of the calendar");
                break;
            default:
                limit.Quota = Calendar(source, Period.Year);
                limit.Quota.AnchorDay = 1;
                Note(source, "365 days from the epoch there; here a year of the calendar in UTC (--exact keeps 365 days)");
                break;
        }
    }

    private static Rate Fixed(EnvoyRateLimit source, string period) => new() { Amount = source.Amount, Period = period, Algorithm = Algorithm.FixedWindow };

    // The zone is named, because without one a quota takes the zone of the key's billing.
    private static QuotaLimit Calendar(EnvoyRateLimit source, Period period) => new() { Amount = source.Amount, Period = period, TimeZone = "UTC" };

    private static void Note(EnvoyRateLimit source, string message) =>
        source.Source.Remarks.Note(source.Source.Take("unit")!, source.Source.At("unit"), $"{source.Unit.ToString().ToLowerInvariant()}: {message}");
}
