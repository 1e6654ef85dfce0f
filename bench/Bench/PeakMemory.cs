namespace Quota.Bench;

/// <summary>The most memory that something has while something is done.</summary>
internal static class PeakMemory
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <param name="residentBytes">Asked again and again.</param>
    /// <param name="work">Until this completes.</param>
    public static async Task<long> WhileAsync(Func<long> residentBytes, Task work)
    {
        long peak = residentBytes();
        using var timer = new PeriodicTimer(Interval);
        while (!work.IsCompleted)
        {
            peak = Math.Max(peak, residentBytes());
            await Task.WhenAny(work, timer.WaitForNextTickAsync().AsTask());
        }
        await work;
        return peak;
    }
}
