namespace Quota.Grains.Calendar;

/// <summary>One calendar period: from <paramref name="StartMs"/> (inclusive) to <paramref name="EndMs"/> (exclusive), in ms since the Unix epoch.</summary>
public sealed record CalendarPeriod(long StartMs, long EndMs)
{
    public bool Contains(long wallMs) => wallMs >= StartMs && wallMs < EndMs;
}
