using System.Numerics;

namespace Quota.Grains.Tests.Support;

/// <summary>Weighted window in exact rationals: the running fixed window, and of the one before it the share that still overlaps.</summary>
internal sealed class WeightedModel(long amount, long periodNs) : ICounterModel
{
    public EventLog Log { get; } = new();

    public bool Fits(long cost, in Instant now) => UsedTimesPeriod(now) + ((BigInteger)Math.Max(cost, 1) * periodNs) <= (BigInteger)amount * periodNs;

    public void Count(long cost, in Instant now) => Log.Add(Effective(now), cost);

    public long Used(in Instant now) => (long)((UsedTimesPeriod(now) + periodNs - 1) / periodNs);

    private BigInteger UsedTimesPeriod(in Instant now)
    {
        long atNs = Effective(now);
        long startNs = Start(atNs);
        long overlapNs = startNs + periodNs - atNs;
        return (Sum(startNs, long.MaxValue) * periodNs) + (Sum(startNs - periodNs, startNs) * overlapNs);
    }

    private BigInteger Sum(long fromNs, long toNs) =>
        Log.Events.Where(e => e.AtNs >= fromNs && e.AtNs < toNs).Sum(e => e.Cost);

    private long Start(long atNs) => atNs - (atNs % periodNs);

    private long Effective(in Instant now) => Log.Events.Aggregate(now.WindowNs, (latest, e) => Math.Max(latest, Start(e.AtNs)));
}
