namespace Quota.Grains.Tests.Support;

/// <summary>What a limit means, written from its definition over the log of everything that was counted; slow and obvious.</summary>
internal interface ICounterModel
{
    /// <summary>Whether the cost fits. A peek asks for one unit.</summary>
    bool Fits(long cost, in Instant now);

    void Count(long cost, in Instant now);

    long Used(in Instant now);

    /// <summary>Everything counted, at the instants it was taken to happen: never before the latest window counted in.</summary>
    EventLog Log { get; }
}
