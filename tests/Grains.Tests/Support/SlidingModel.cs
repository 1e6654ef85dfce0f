namespace Quota.Grains.Tests.Support;

/// <summary>
/// Sliding window: a bucket counts fully until it has wholly left the window, that is until its end is a whole window ago.
/// </summary>
internal sealed class SlidingModel(long amount, long periodNs, int buckets, int bucketsHeld, bool clockMayReopen = false) : ICounterModel
{
    private readonly long _widthNs = (long)Math.Ceiling((decimal)periodNs / buckets);

    public SlidingModel(long amount, long periodNs, int buckets)
        : this(amount, periodNs, buckets, buckets)
    {
    }

    public EventLog Log { get; } = new();

    public bool Fits(long cost, in Instant now) => Used(now) + Math.Max(cost, 1) <= amount;

    public void Count(long cost, in Instant now) => Log.Add(Effective(now), cost);

    public long Used(in Instant now)
    {
        long atNs = Effective(now);
        return Log.Events.Where(e => atNs - BucketEnd(e.AtNs) < _widthNs * bucketsHeld).Sum(e => e.Cost);
    }

    private long BucketEnd(long atNs) => (atNs - (atNs % _widthNs)) + _widthNs;

    private long Effective(in Instant now) =>
        clockMayReopen ? now.WindowNs : Log.Events.Aggregate(now.WindowNs, (latest, e) => Math.Max(latest, BucketEnd(e.AtNs) - _widthNs));
}
