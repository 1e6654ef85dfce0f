using System.Diagnostics;

namespace Quota.Soak;

/// <summary>One client process: workers over a shared connection, and one tally.</summary>
internal static class LoadClient
{
    private const int Workers = 16;

    public static async Task<int> RunAsync(SoakOptions options)
    {
        using var caller = new GrpcCaller(options.Address);
        var tally = new Tally();
        long start = Stopwatch.GetTimestamp();
        TimeSpan duration = TimeSpan.FromSeconds(options.Seconds);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async i =>
        {
            var worker = new LoadWorker(caller, tally, $"{options.Index}-{i}", new Random(HashCode.Combine(options.Seed, options.Index, i)));
            try
            {
                using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)Workers / options.Rate));
                while (Stopwatch.GetElapsedTime(start) < duration && await timer.WaitForNextTickAsync())
                {
                    await worker.StepAsync();
                }
                await worker.FinishAsync();
            }
            catch (Exception e) when (e is TimeoutException or InvalidDataException)
            {
                tally.Fault(e.Message);
            }
        }));
        tally.Note("calls", caller.Calls);
        tally.Note("retries", caller.Retries);
        await File.WriteAllTextAsync(options.TallyPath, tally.ToJson());
        return 0;
    }
}
