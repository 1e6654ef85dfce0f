namespace Quota.Grains.Tests.Support;

/// <summary>A counter whose answers are checked: the real one, or one that is broken on purpose.</summary>
internal interface ICounterSubject
{
    /// <summary>As <see cref="Counters.Counter.Evaluate"/>.</summary>
    long Evaluate(long cost, in Instant now);

    void Count(long cost, in Instant now);

    long Used(in Instant now);

    long ResetNs(in Instant now);
}
