using Quota.Grains.Calendar;

namespace Quota.Grains.Tests.Support;

/// <summary>Calendar quota in UTC, by the platform's dates: what was counted since the day, week, month or year began.</summary>
internal sealed class CalendarModel(long amount, CalendarUnit unit) : ICounterModel
{
    public EventLog Log { get; } = new();

    public bool Fits(long cost, in Instant now) => Used(now) + Math.Max(cost, 1) <= amount;

    public void Count(long cost, in Instant now) => Log.Add(EffectiveMs(now), cost);

    public long Used(in Instant now)
    {
        long startMs = StartMs(EffectiveMs(now));
        return Log.Events.Where(e => e.AtNs >= startMs).Sum(e => e.Cost);
    }

    private long StartMs(long wallMs)
    {
        DateTime day = DateTimeOffset.FromUnixTimeMilliseconds(wallMs).UtcDateTime.Date;
        DateTime start = unit switch
        {
            CalendarUnit.Day => day,
            CalendarUnit.Week => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            CalendarUnit.Month => new DateTime(day.Year, day.Month, 1),
            _ => new DateTime(day.Year, 1, 1),
        };
        return new DateTimeOffset(start, TimeSpan.Zero).ToUnixTimeMilliseconds();
    }

    private long EffectiveMs(in Instant now) => Log.Events.Aggregate(now.WallMs, (latest, e) => Math.Max(latest, StartMs(e.AtNs)));
}
