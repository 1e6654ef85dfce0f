using Quota.Grains.Calendar;

namespace Quota.Grains.Tests.Support;

/// <summary>
/// A quota with roll-over and offset, from its definition: every count by the period it fell into, and the amount carried from each
/// period to the next by walking through all of them since the first.
/// </summary>
internal sealed class CarryModel(CalendarRule rule, long amount, long rolloverMax, long offset)
{
    private readonly Dictionary<long, long> _usedByStart = [];
    private long _firstMs = -1;
    private long _carriedIntoLatest;
    private long _latestMs = long.MinValue;

    public bool HasCounted => _usedByStart.Count > 0;

    public bool Fits(long cost, long wallMs) => Used(wallMs) + cost <= Capacity(wallMs);

    public void Count(long cost, long wallMs)
    {
        long startMs = Start(wallMs);
        if (!HasCounted)
        {
            _firstMs = startMs;
        }
        else if (startMs > _latestMs)
        {
            // No period before the latest changes any more: later walks begin there.
            _carriedIntoLatest = Capacity(startMs) - amount;
        }
        _latestMs = Math.Max(_latestMs, startMs);
        _usedByStart[startMs] = _usedByStart.GetValueOrDefault(startMs) + cost;
    }

    public long Uncount(long units, long countedMs, long wallMs)
    {
        long startMs = rule.PeriodAt(countedMs).StartMs;
        if (startMs != Start(wallMs))
        {
            return 0;
        }
        long given = Math.Min(units, _usedByStart.GetValueOrDefault(startMs));
        if (_usedByStart.ContainsKey(startMs))
        {
            _usedByStart[startMs] -= given;
        }
        return given;
    }

    public long Used(long wallMs)
    {
        long startMs = Start(wallMs);
        return _usedByStart.GetValueOrDefault(startMs) + (!HasCounted || startMs == _firstMs ? offset : 0);
    }

    public long Capacity(long wallMs)
    {
        if (!HasCounted)
        {
            return amount;
        }
        long carried = _carriedIntoLatest;
        long untilMs = Start(wallMs);
        for (long startMs = _latestMs; startMs < untilMs; startMs = rule.PeriodAt(startMs).EndMs)
        {
            long used = _usedByStart.GetValueOrDefault(startMs) + (startMs == _firstMs ? offset : 0);
            carried = Math.Min(rolloverMax, Math.Max(0, amount + carried - used));
        }
        return amount + carried;
    }

    public long EndMs(long wallMs) => rule.PeriodAt(Math.Max(wallMs, Start(wallMs))).EndMs;

    /// <summary>A clock that steps back does not open an earlier period.</summary>
    private long Start(long wallMs) => Math.Max(_latestMs, rule.PeriodAt(wallMs).StartMs);
}
