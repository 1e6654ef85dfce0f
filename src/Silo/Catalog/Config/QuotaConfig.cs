using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>The <c>quota</c> of a limit, as written; within bounds if reading it added no errors.</summary>
internal sealed record QuotaConfig(long Amount, CalendarUnit Unit, string Zone, int AnchorDay, int AnchorMonth, QuotaTerms Terms)
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
        string zone = ZoneReader.Read(quota, "time_zone", "UTC");
        int anchorDay = (int)quota.Integer("anchor_day", 1, isUnitKnown ? CalendarRule.AnchorDayMax(unit) : int.MaxValue, 1);
        int anchorMonth = (int)quota.Integer("anchor_month", 1, 12, 1);
        if (isUnitKnown && unit != CalendarUnit.Year && quota.Take("anchor_month") is not null)
        {
            quota.Refuse("anchor_month", "only a year has an anchor month");
        }
        var terms = new QuotaTerms
        {
            InitialOffset = quota.Integer("initial_offset", 0, Bounds.AmountMax, 0),
            RolloverMax = quota.Integer("rollover_max", 0, Bounds.AmountMax, 0),
            Thresholds = ReadThresholds(quota),
            InheritsZone = quota.Take("time_zone") is null,
            InheritsAnchorDay = unit == CalendarUnit.Month && quota.Take("anchor_day") is null,
        };
        quota.Finish();
        return new QuotaConfig(amount, unit, zone, anchorDay, anchorMonth, terms);
    }

    public LimitModel ToModel(string name, LimitMode mode, IReadOnlyList<AttributeMatch> match, IReadOnlyList<string> per, string unit, OverrunPolicy overrun) =>
        LimitModel.Quota(name, Amount, new CalendarRule(Unit, Zone, AnchorDay, AnchorMonth), mode, match, per, unit, overrun, Terms);

    private static List<int> ReadThresholds(FieldReader quota)
    {
        var percents = new List<int>();
        FieldPath path = quota.Path.Field("thresholds");
        if (quota.Take("thresholds") is not { } node)
        {
            return percents;
        }
        if (node is not ConfigSequence list)
        {
            quota.Errors.Add(node, path, $"is {node.Kind}, but must be a list of percents (example: [80, 100])");
            return percents;
        }
        if (list.Items.Count > Bounds.ThresholdsMax)
        {
            quota.Errors.Add(node, path, $"has {list.Items.Count} values: must have at most {Bounds.ThresholdsMax}");
            return percents;
        }
        for (int i = 0; i < list.Items.Count; i++)
        {
            int percent = (int)quota.Integer(list.Items[i], path.Item(i), 1, Bounds.ThresholdPercentMax, 0);
            if (percent > 0 && percents.Count > 0 && percent <= percents[^1])
            {
                quota.Errors.Add(list.Items[i], path.Item(i), $"{percent} is not above {percents[^1]}: thresholds are ascending");
            }
            else if (percent > 0)
            {
                percents.Add(percent);
            }
        }
        return percents;
    }
}
