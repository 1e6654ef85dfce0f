using Quota.Grains.Counters;

namespace Quota.Grains.Tests.Support;

/// <summary>Answers by a model, so that a property can be shown to pass a right one and to fail one that is broken on purpose.</summary>
internal sealed class ModelSubject(ICounterModel model, long capacity, long horizonNs) : ICounterSubject
{
    public long Evaluate(long cost, in Instant now)
    {
        Instant at = now;
        return Math.Max(cost, 1) > capacity ? Counter.Never
            : model.Fits(cost, now) ? Counter.HasRoom
            : First(delayNs => model.Fits(cost, CounterProperty.Later(at, delayNs)));
    }

    public void Count(long cost, in Instant now) => model.Count(cost, now);

    public long Used(in Instant now) => model.Used(now);

    public long ResetNs(in Instant now)
    {
        Instant at = now;
        return model.Used(now) == 0 ? 0 : First(delayNs => model.Used(CounterProperty.Later(at, delayNs)) == 0);
    }

    private long First(Func<long, bool> holds)
    {
        (long no, long yes) = (0, horizonNs);
        while (yes - no > 1)
        {
            long middle = no + ((yes - no) / 2);
            (no, yes) = holds(middle) ? (no, middle) : (middle, yes);
        }
        return yes;
    }
}
