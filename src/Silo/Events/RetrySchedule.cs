using Quota.Contracts;

namespace Quota.Silo.Events;

/// <summary>
/// How long to wait after the n-th failure: exponential back-off with equal jitter. The bound of the wait begins at
/// <see cref="Bounds.EventRetryMsMin"/>, doubles up to <see cref="Bounds.EventRetryMsMax"/>, and the wait is drawn evenly from its
/// upper half, so that targets which failed together are not asked together. So the first wait is 1 to 2 seconds, and from the
/// twelfth on 30 to 60 minutes. Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
/// <para>Safe for concurrent use: the source of randomness is under a lock.</para>
/// </summary>
/// <param name="seed">Of the randomness; the same seed and order of calls give the same waits.</param>
public sealed class RetrySchedule(int seed)
{
    private const long NsPerMs = 1_000_000;
    private const int DoublingsMax = 20;

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);

    /// <summary>The wait after this many failures in a row, in ns.</summary>
    /// <param name="failures">1 or more.</param>
    public long WaitNs(int failures)
    {
        long least = WaitNsMin(failures);
        lock (_gate)
        {
            return least + _random.NextInt64(least + 1);
        }
    }

    /// <summary>The shortest wait after this many failures, in ns; the longest is twice as long.</summary>
    public static long WaitNsMin(int failures) =>
        Math.Min((long)Bounds.EventRetryMsMin << Math.Clamp(failures - 1, 0, DoublingsMax), Bounds.EventRetryMsMax) / 2 * NsPerMs;
}
