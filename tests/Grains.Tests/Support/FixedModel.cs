namespace Quota.Grains.Tests.Support;

/// <summary>Fixed window: what was counted since the last multiple of the period.</summary>
internal sealed class FixedModel(long amount, long periodNs) : ICounterModel
{
    public EventLog Log { get; } = new();

    public bool Fits(long cost, in Instant now) => Used(now) + Math.Max(cost, 1) <= amount;

    public void Count(long cost, in Instant now) => Log.Add(Effective(now), cost);

    public long Used(in Instant now)
    {
        long startNs = Start(Effective(now));
        return Log.Events.Where(e => e.AtNs >= startNs).Sum(e => e.Cost);
    }

    private long Start(long atNs) => atNs - (atNs % periodNs);

    private long Effective(in Instant now) => Log.Events.Aggregate(now.WindowNs, (latest, e) => Math.Max(latest, Start(e.AtNs)));
}
