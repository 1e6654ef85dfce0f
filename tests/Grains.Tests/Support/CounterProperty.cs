using Quota.Grains.Counters;

namespace Quota.Grains.Tests.Support;

/// <summary>
/// A counter answers exactly as its model over a sequence: the same decisions, the same use, a wait after which the same cost fits
/// and one tick before which it does not, and the same for the reset.
/// </summary>
/// <param name="Subject">What is checked.</param>
/// <param name="Model">What it must mean.</param>
/// <param name="Capacity">The limit's.</param>
/// <param name="TickNs">Smallest step of time.</param>
internal sealed record CounterProperty(ICounterSubject Subject, ICounterModel Model, long Capacity, long TickNs = 1)
{
    /// <summary>A calendar resets at its period's end, also while nothing is used.</summary>
    public bool ResetsWhileUnused { get; init; }

    public void Check(IEnumerable<Step> steps)
    {
        foreach ((long cost, Instant now) in steps)
        {
            CheckDecision(cost, now);
            CheckUse(now);
            if (cost > 0 && Model.Fits(cost, now))
            {
                Subject.Count(cost, now);
                Model.Count(cost, now);
                CheckUse(now);
            }
        }
    }

    public static Instant Later(in Instant now, long delayNs) => new(now.WindowNs + delayNs, now.WallMs + (delayNs / 1_000_000));

    private void CheckDecision(long cost, in Instant now)
    {
        long answer = Subject.Evaluate(cost, now);
        Assert.Equal(Model.Fits(cost, now), answer == Counter.HasRoom);
        Assert.Equal(Math.Max(cost, 1) > Capacity, answer == Counter.Never);
        if (answer > 0)
        {
            Assert.True(Model.Fits(cost, Later(now, answer)), $"{cost} does not fit after the wait of {answer} ns");
            Assert.False(Model.Fits(cost, Later(now, answer - TickNs)), $"{cost} fits before the wait of {answer} ns is over");
            Assert.Equal(Counter.HasRoom, Subject.Evaluate(cost, Later(now, answer)));
            Assert.Equal(TickNs, Subject.Evaluate(cost, Later(now, answer - TickNs)));
        }
    }

    private void CheckUse(in Instant now)
    {
        long used = Model.Used(now);
        Assert.Equal(used, Subject.Used(now));
        long resetNs = Subject.ResetNs(now);
        Assert.True(resetNs >= 0 && (resetNs > 0 || used == 0));
        Assert.True(used > 0 || resetNs == 0 || ResetsWhileUnused);
        if (used > 0)
        {
            Assert.Equal(0, Model.Used(Later(now, resetNs)));
            Assert.NotEqual(0, Model.Used(Later(now, resetNs - TickNs)));
        }
    }
}
