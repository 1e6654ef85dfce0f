using Quota.Grains.Counters;
using Quota.Grains.Model;

namespace Quota.Grains.Tests.Support;

/// <summary>The real counter of a limit, over bytes of its own.</summary>
internal sealed class CounterSubject(LimitModel limit) : ICounterSubject
{
    public byte[] Bytes { get; } = new byte[limit.Shape.SizeBytes];

    public long Evaluate(long cost, in Instant now)
    {
        byte[] before = [.. Bytes];
        long answer = Counter.Evaluate(limit, Bytes, cost, now);
        Assert.Equal(before, Bytes);
        return answer;
    }

    public void Count(long cost, in Instant now) => Counter.Count(limit.Shape, Bytes, cost, now);

    public long Used(in Instant now) => Counter.Used(limit.Shape, Bytes, now);

    public long ResetNs(in Instant now)
    {
        Counter.Describe(limit, Bytes, now, out _, out long remaining, out long resetNs);
        Assert.Equal(Math.Max(0, limit.Capacity - Used(now)), remaining);
        return resetNs;
    }
}
