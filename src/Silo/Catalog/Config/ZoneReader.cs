using System.Text;
using Quota.Contracts;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the name of a time zone.</summary>
internal static class ZoneReader
{
    /// <summary>A zone of this machine's database, or the fallback.</summary>
    public static string Read(FieldReader fields, string name, string fallback)
    {
        string zone = fields.Text(name, fallback);
        if (zone == fallback || (IsZoneName(zone) && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)))
        {
            return zone;
        }
        string suggestion = Suggestion.For(zone, TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id));
        fields.Refuse(name, $"{Quoted.Text(zone)} is not a time zone this machine knows (examples: UTC, Europe/Berlin){suggestion}");
        return fallback;
    }

    /// <summary>Whether the name can only lead to a file within the zone database.</summary>
    private static bool IsZoneName(string zone) =>
        Encoding.UTF8.GetByteCount(zone) <= Bounds.ZoneBytesMax && !zone.StartsWith('/')
        && zone.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '+' or '-' or '/');
}
