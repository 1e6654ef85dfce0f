using System.Diagnostics;
using System.Globalization;
using Quota.Contracts.V1;

namespace Quota.Chaos.Running;

/// <summary>What the silos say was used.</summary>
/// <param name="cluster">The silos.</param>
/// <param name="start">When the run began: a month may end while it goes on.</param>
internal sealed class UsageReader(ChaosCluster cluster, DateTimeOffset start)
{
    /// <summary>
    /// Leases are settled a quarter of a second after their end, and those of a silo that comes back at its start. A silo that has just
    /// got its store back may not answer yet.
    /// </summary>
    public static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BringBackAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Units that are billed of a key, and such that are unsettled.</summary>
    /// <exception cref="InvalidDataException">The silo does not answer as it must.</exception>
    public async Task<(long Billable, long Unsettled)> ReadAsync(int silo, string owner, string key)
    {
        long billable = 0, unsettled = 0;
        foreach (string month in new[] { start, DateTimeOffset.UtcNow }.Select(t => t.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture)).Distinct())
        {
            GrpcReply? reply = await AskAsync(silo, new GetUsageRequest { Namespace = owner, Key = key, Month = month });
            if (reply?.Status == GrpcCode.NotFound)
            {
                continue;
            }
            if (reply is not { IsOk: true })
            {
                throw new InvalidDataException($"GetUsage of {owner}/{key}: {reply?.Status} {reply?.Text}");
            }
            UnitUsage? requests = reply.Message(KeyUsage.Parser).Units.FirstOrDefault(u => u.Unit == "requests");
            billable += requests?.Billable ?? 0;
            unsettled += requests?.Unsettled ?? 0;
        }
        return (billable, unsettled);
    }

    /// <summary>Waits until a silo says that nothing of these keys is unsettled; answers how long that took.</summary>
    /// <param name="silo">Which one is asked.</param>
    /// <param name="keys">Which keys.</param>
    /// <param name="bringBack">Called once with the units that are unsettled after ten seconds: brings back who can settle them; then the time begins anew.</param>
    /// <exception cref="InvalidDataException">It never says so, or does not answer as it must.</exception>
    public async Task<TimeSpan> WaitUntilSettledAsync(int silo, IReadOnlyCollection<(string Namespace, string Key)> keys, Func<long, Task>? bringBack = null)
    {
        long since = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(RetryInterval);
        while (true)
        {
            long unsettled = 0;
            foreach ((string owner, string key) in keys)
            {
                unsettled += (await ReadAsync(silo, owner, key)).Unsettled;
            }
            TimeSpan waited = Stopwatch.GetElapsedTime(since);
            if (unsettled == 0)
            {
                return waited;
            }
            if (bringBack is not null && waited > BringBackAfter)
            {
                await bringBack(unsettled);
                bringBack = null;
                since = Stopwatch.GetTimestamp();
            }
            else if (waited > SettleTimeout)
            {
                throw new InvalidDataException($"{unsettled} units are still unsettled {SettleTimeout.TotalSeconds:0} s after everything came back");
            }
            await timer.WaitForNextTickAsync();
        }
    }

    private async Task<GrpcReply?> AskAsync(int silo, GetUsageRequest request)
    {
        long since = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(RetryInterval);
        while (true)
        {
            GrpcReply? reply = await cluster.Callers[silo].CallAsync("UsageService/GetUsage", request, Patience);
            if (reply is { Status: not (GrpcCode.Unavailable or GrpcCode.ResourceExhausted or GrpcCode.NotConnected) } || Stopwatch.GetElapsedTime(since) > SettleTimeout)
            {
                return reply;
            }
            await timer.WaitForNextTickAsync();
        }
    }
}
