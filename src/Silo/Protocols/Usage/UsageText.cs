using System.Globalization;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Dates and times as usage writes them: ISO 8601.</summary>
internal static class UsageText
{
    /// <summary>What days are counted from.</summary>
    public static readonly DateOnly Epoch = new(1970, 1, 1);

    /// <summary>A date, like 2026-10-05.</summary>
    public static string Day(int day) => Epoch.AddDays(Math.Clamp(day, -Epoch.DayNumber, DateOnly.MaxValue.DayNumber - Epoch.DayNumber)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>An instant in UTC with milliseconds, like 2026-10-05T00:00:00.000Z.</summary>
    public static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
