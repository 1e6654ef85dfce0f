using System.Text;
using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>The <c>quota</c> of a limit, as written; within bounds if reading it added no errors.</summary>
internal sealed record QuotaConfig(long Amount, CalendarUnit Unit, string Zone, int AnchorDay, int AnchorMonth)
{
    private static readonly Dictionary<string, CalendarUnit> Units = new(StringComparer.Ordinal)
    {
        ["day"] = CalendarUnit.Day,
        ["week"] = CalendarUnit.Week,
        ["month"] = CalendarUnit.Month,
        ["year"] = CalendarUnit.Year,
    };

    /// <summary>Whether the text names a period of the calendar.</summary>
    public static bool IsCalendarPeriod(string text) => Units.ContainsKey(text);

    public static QuotaConfig Read(FieldReader quota)
    {
        quota.Require("amount");
        long amount = quota.Integer("amount", 0, Bounds.AmountMax, 1);
        int errorsBefore = quota.Errors.Count;
        quota.Require("period");
        CalendarUnit unit = quota.Choice("period", Units, CalendarUnit.Month);
        bool isUnitKnown = quota.Errors.Count == errorsBefore;
        string zone = ReadZone(quota);
        int anchorDay = (int)quota.Integer("anchor_day", 1, isUnitKnown ? CalendarRule.AnchorDayMax(unit) : int.MaxValue, 1);
        int anchorMonth = (int)quota.Integer("anchor_month", 1, 12, 1);
        if (isUnitKnown && unit != CalendarUnit.Year && quota.Take("anchor_month") is not null)
        {
            quota.Refuse("anchor_month", "only a year has an anchor month");
        }
        quota.Finish();
        return new QuotaConfig(amount, unit, zone, anchorDay, anchorMonth);
    }

    public LimitModel ToModel(string name, LimitMode mode, IReadOnlyList<AttributeMatch> match, IReadOnlyList<string> per) =>
        LimitModel.Quota(name, Amount, new CalendarRule(Unit, Zone, AnchorDay, AnchorMonth), mode, match, per);

    private static string ReadZone(FieldReader quota)
    {
        string zone = quota.Text("time_zone", "UTC");
        if (IsZoneName(zone) && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            return zone;
        }
        string suggestion = Suggestion.For(zone, TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id));
        quota.Refuse("time_zone", $"{Quoted.Text(zone)} is not a time zone this machine knows (examples: UTC, Europe/Berlin){suggestion}");
        return "UTC";
    }

    /// <summary>Whether the name can only lead to a file within the zone database.</summary>
    private static bool IsZoneName(string zone) =>
        Encoding.UTF8.GetByteCount(zone) <= Bounds.ZoneBytesMax && !zone.StartsWith('/')
        && zone.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '+' or '-' or '/');
}
