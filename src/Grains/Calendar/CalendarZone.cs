using System.Buffers;
using System.Security;

namespace Quota.Grains.Calendar;

/// <summary>Finds a time zone by its IANA id.</summary>
internal static class CalendarZone
{
    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");

    /// <exception cref="TimeZoneNotFoundException">There is no such zone on this machine.</exception>
    public static TimeZoneInfo Find(string id)
    {
        // The platform turns an id into a path, so one with dots could leave the zone directory, and a directory's name fails as a
        // matter of access rights. It also ignores case, but only for zones that were asked for before.
        if (id.Length == 0 || id[0] == '/' || id.AsSpan().ContainsAnyExcept(IdCharacters))
        {
            throw NotFound(id);
        }
        try
        {
            TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(id);
            return string.Equals(zone.Id, id, StringComparison.Ordinal) ? zone : throw NotFound(id);
        }
        catch (Exception e) when (e is SecurityException or InvalidTimeZoneException)
        {
            throw NotFound(id, e);
        }
    }

    private static TimeZoneNotFoundException NotFound(string id, Exception? cause = null) => new($"Unknown time zone '{id}'.", cause);
}
