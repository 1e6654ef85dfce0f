using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Silo.Tests.Execution.Billing;

/// <summary>
/// What has to be on the bill, from the accepted facts alone: sums by key, unit and month, with a calendar of its own that knows
/// nothing but the zone's rules.
/// </summary>
internal sealed class BillingOracle
{
    private const long GraceMs = Contracts.Bounds.SealGraceMsDefault;

    public SortedDictionary<(string Key, string Month, string Unit), BillingSums> Sums { get; } = [];

    /// <summary>Open reservations by id.</summary>
    public Dictionary<UInt128, BillingHold> Open { get; } = [];

    /// <summary>The calendar of every key, as it is now.</summary>
    public Dictionary<string, BillingModel> Calendars { get; } = [];

    public void Use(IReadOnlyList<string> levels, IReadOnlyDictionary<string, long> costs, long atMs)
    {
        for (int level = 0; level < levels.Count; level++)
        {
            foreach ((string unit, long units) in costs)
            {
                BillingSums sums = Of(levels[level], MonthAt(Calendars[levels[level]], atMs), unit);
                sums.Used += units;
                sums.RolledUp += level > 0 ? units : 0;
            }
        }
    }

    /// <summary>Books a reservation's true cost: when it was made, or now if that month is closed.</summary>
    public void Settle(UInt128 id, IReadOnlyDictionary<string, long> costs, long nowMs)
    {
        Assert.True(Open.Remove(id, out BillingHold? hold));
        foreach ((string key, int level) in hold.Levels.Select((k, i) => (k, i)))
        {
            long atMs = nowMs >= EndOf(Calendars[key], hold.AtMs) + GraceMs ? nowMs : hold.AtMs;
            foreach ((string unit, long units) in costs)
            {
                BillingSums sums = Of(key, MonthAt(Calendars[key], atMs), unit);
                sums.Used += units;
                sums.RolledUp += level > 0 ? units : 0;
            }
        }
    }

    /// <summary>Gives back on every level what is there; returns what the key itself got.</summary>
    public long Refund(IReadOnlyList<string> levels, string unit, long units, long atMs, long nowMs)
    {
        long own = 0;
        for (int level = 0; level < levels.Count; level++)
        {
            BillingModel calendar = Calendars[levels[level]];
            BillingSums sums = Of(levels[level], MonthAt(calendar, atMs), unit);
            if (nowMs >= EndOf(calendar, atMs) + GraceMs)
            {
                long back = level > 0 ? 0 : Math.Clamp(sums.Used - sums.Refunded + sums.Adjusted, 0, units);
                sums.Adjusted -= back;
                own = level == 0 ? back : own;
                continue;
            }
            // A level above gives back no more than the key did: the rest of its use is that of others.
            long given = Math.Min(level == 0 ? units : own, sums.Used - sums.Refunded);
            sums.Refunded += given;
            sums.RolledUpRefunded += level > 0 ? given : 0;
            own = level == 0 ? given : own;
        }
        return own;
    }

    public BillingSums Of(string key, string month, string unit)
    {
        if (!Sums.TryGetValue((key, month, unit), out BillingSums? sums))
        {
            Sums.Add((key, month, unit), sums = new BillingSums());
        }
        return sums;
    }

    public static string MonthAt(BillingModel calendar, long ms)
    {
        DateTime local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(ms), TimeZoneInfo.FindSystemTimeZoneById(calendar.ZoneId)).DateTime;
        DateTime month = local.Day >= Math.Min(calendar.AnchorDay, DateTime.DaysInMonth(local.Year, local.Month)) ? local : local.AddDays(1 - local.Day).AddMonths(-1);
        return $"{month.Year:D4}-{month.Month:D2}";
    }

    public static MonthLabel Label(string month) => MonthLabel.TryParse(month, out MonthLabel label) ? label : throw new FormatException(month);

    private static long EndOf(BillingModel calendar, long ms)
    {
        MonthLabel next = Label(MonthAt(calendar, ms)).Next;
        var local = new DateTime(next.Year, next.Month, Math.Min(calendar.AnchorDay, DateTime.DaysInMonth(next.Year, next.Month)));
        return new DateTimeOffset(local, TimeZoneInfo.FindSystemTimeZoneById(calendar.ZoneId).GetUtcOffset(local)).ToUnixTimeMilliseconds();
    }
}
