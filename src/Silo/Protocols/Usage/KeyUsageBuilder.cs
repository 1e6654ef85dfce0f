using System.Text;
using Quota.Contracts.V1;
using Quota.Grains.Calendar;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Usage;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Puts what a key used in a month, and what the catalog says about the key, into the message that says both.</summary>
internal static class KeyUsageBuilder
{
    /// <summary>The usage of a month; of a key without any, zeros.</summary>
    /// <param name="home">The key's namespace.</param>
    /// <param name="facts">What the catalog says.</param>
    /// <param name="month">Which month.</param>
    /// <param name="state">What the ledger says; used up.</param>
    /// <param name="asOfMs">When it was read.</param>
    /// <param name="daily">Whether to add the series of days.</param>
    public static KeyUsage Build(NamespaceModel home, in KeyFacts facts, MonthLabel month, KeyUsageState state, long asOfMs, bool daily)
    {
        UsageMonth? total = state.Total(facts.Billing);
        CalendarPeriod period = total is null ? facts.Billing.PeriodOf(month) : new CalendarPeriod(total.StartMs, total.EndMs);
        MonthState progress = State(total?.IsSealed ?? false, period.EndMs, home.SealGraceMs, asOfMs);
        var usage = new KeyUsage
        {
            Namespace = home.Name,
            Key = Encoding.UTF8.GetString(state.KeyUtf8),
            Month = month.ToString(),
            StartUnixMs = period.StartMs,
            EndUnixMs = period.EndMs,
            TimeZone = total?.ZoneId ?? facts.Billing.ZoneId,
            State = progress,
            AsOfUnixMs = progress != MonthState.Sealed ? asOfMs : total?.IsSealed ?? false ? total.SealedAtMs : period.EndMs + home.SealGraceMs,
        };
        AddFacts(usage, facts);
        AddCounts(usage, total, state);
        if (daily && total is not null)
        {
            AddDays(usage, total.Days);
        }
        return usage;
    }

    /// <summary>How far a month is: sealed by its flag, or by the rule of time whether or not the flag was written yet.</summary>
    public static MonthState State(bool isSealed, long endMs, long graceMs, long nowMs) =>
        isSealed || nowMs >= endMs + graceMs ? MonthState.Sealed : nowMs >= endMs ? MonthState.Closed : MonthState.Running;

    /// <summary>Adds what the catalog says.</summary>
    public static void AddFacts(KeyUsage usage, in KeyFacts facts)
    {
        usage.Parent = facts.Parent;
        foreach ((string name, string value) in facts.Labels)
        {
            usage.Labels[name] = value;
        }
    }

    /// <summary>Adds a series of rows ascending by day.</summary>
    public static void AddDays(KeyUsage usage, IEnumerable<DayCounts> days)
    {
        DayUsage? last = null;
        foreach (DayCounts row in days)
        {
            string day = UsageText.Day(row.Day);
            if (last is null || last.Day != day)
            {
                last = new DayUsage { Day = day };
                usage.Days.Add(last);
            }
            last.Units.Add(new DayUnit { Unit = row.Unit, Used = row.Used, Refunded = row.Refunded });
        }
    }

    private static void AddCounts(KeyUsage usage, UsageMonth? total, KeyUsageState state)
    {
        var units = new SortedDictionary<string, UnitUsage>(StringComparer.Ordinal);
        foreach (UnitCounts u in total?.Units ?? [])
        {
            long adjusted = total!.Adjusted(u.Unit);
            units.Add(u.Unit, new UnitUsage
            {
                Unit = u.Unit,
                Used = u.Used,
                RolledUp = u.RolledUp,
                Refunded = u.Refunded,
                RolledUpRefunded = u.RolledUpRefunded,
                Adjusted = adjusted,
                Billable = u.Used - u.Refunded + adjusted,
                Denied = u.Denied,
                WouldDeny = u.WouldDeny,
            });
        }
        foreach ((string unit, long held) in state.Reserved)
        {
            Row(unit).Reserved = held;
        }
        foreach ((string unit, long unsettled) in state.Unsettled)
        {
            Row(unit).Unsettled = unsettled;
        }
        usage.Units.Add(units.Values);
        foreach (LimitCounts l in (total?.Limits ?? []).OrderBy(l => l.Limit, StringComparer.Ordinal).ThenBy(l => l.Unit, StringComparer.Ordinal))
        {
            usage.Limits.Add(new LimitUsage { Limit = l.Limit, Unit = l.Unit, Used = l.Used, Refunded = l.Refunded, Denied = l.Denied, WouldDeny = l.WouldDeny });
        }
        foreach (UsageAdjustment a in total?.Adjustments ?? [])
        {
            usage.Adjustments.Add(new Adjustment { Id = a.Id, Unit = a.Unit, Amount = a.Amount, Reason = a.Reason, Author = a.Author, AtUnixMs = a.AtMs });
        }

        UnitUsage Row(string unit)
        {
            if (!units.TryGetValue(unit, out UnitUsage? row))
            {
                units.Add(unit, row = new UnitUsage { Unit = unit });
            }
            return row;
        }
    }
}
