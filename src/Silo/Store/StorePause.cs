using Quota.Contracts;

namespace Quota.Silo.Store;

/// <summary>
/// How long to wait before a shared store is asked again: full jitter, that is, anything between nothing and a bound that doubles.
/// After "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): of the ways compared there it needs the fewest calls.
/// </summary>
internal static class StorePause
{
    /// <param name="attempt">Attempts made, at least 1.</param>
    public static TimeSpan After(int attempt)
    {
        int bound = (int)Math.Min(Bounds.StoreRetryMsMax, (long)Bounds.StoreRetryMsFirst << Math.Min(attempt - 1, 16));
        return TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * bound);
    }
}
