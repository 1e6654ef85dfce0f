using Quota.Contracts;

namespace Quota.Silo.Store;

/// <summary>
/// What a silo's start needs of the shared store. A store that does not answer yet, because it starts too or fails over, is asked
/// again; one that refuses is not. What is begun must be safe to begin twice: the answer to the first may have been lost.
/// </summary>
internal static partial class StoreStart
{
    /// <param name="begin">What is needed.</param>
    /// <param name="waitMs">How long to ask; 0: once (<see cref="StoreSettings.StartTimeoutMs"/>).</param>
    /// <param name="time">Measures it.</param>
    /// <param name="logger">Told why the start takes so long.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store refuses, or has not answered in all that time.</exception>
    public static async Task<TResult> WaitAsync<TResult>(Func<Task<TResult>> begin, int waitMs, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await begin().ConfigureAwait(false);
            }
            catch (StoreException e) when (e.MayPass)
            {
                double leftMs = waitMs - time.GetElapsedTime(start).TotalMilliseconds;
                if (leftMs <= Bounds.StoreStartPauseMs)
                {
                    throw;
                }
                LogWaiting(logger, leftMs / 1000, e.Message);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(Bounds.StoreStartPauseMs), time, cancellation).ConfigureAwait(false);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The start waits for the shared store, for {LeftSeconds:0} s more at the most: {Reason}")]
    private static partial void LogWaiting(ILogger logger, double leftSeconds, string reason);
}
