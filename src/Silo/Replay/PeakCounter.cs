namespace Quota.Silo.Replay;

/// <summary>The highest count in any one interval of the clock, for times that do not go back.</summary>
internal struct PeakCounter(long intervalMs)
{
    private long _interval;
    private long _count;

    public long Max { get; private set; }

    public void Count(long ms)
    {
        long interval = ms / intervalMs;
        _count = interval == _interval ? _count + 1 : 1;
        _interval = interval;
        Max = Math.Max(Max, _count);
    }
}
