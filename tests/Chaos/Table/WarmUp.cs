using System.Diagnostics;
using System.Globalization;
using Quota.Chaos.Running;
using Quota.Contracts.V1;

namespace Quota.Chaos.Table;

/// <summary>
/// Waits until silos that have just been started are at rest: partitions placed, code compiled, connections open. What a start costs
/// callers is measured where a situation starts silos, and is not to be seen in the others.
/// </summary>
internal static class WarmUp
{
    private const int AnswersInARow = 100;

    /// <summary>Longer than any answer of a silo at rest, however slow its store and machine are.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>Asks every silo in service until each has decided a hundred checks in a row without delay, for a minute at most. Answers whether all did.</summary>
    public static async Task<bool> RunAsync(ChaosCluster cluster) => (await Task.WhenAll(cluster.InService.Select(silo => RunAsync(cluster, silo)))).All(isAtRest => isAtRest);

    private static async Task<bool> RunAsync(ChaosCluster cluster, int silo)
    {
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        int inARow = 0;
        for (int i = 0; inARow < AnswersInARow && Stopwatch.GetElapsedTime(start) < Timeout; i++)
        {
            await timer.WaitForNextTickAsync();
            // Some keys for each silo that may own one.
            var check = new CheckQuotaRequest { Namespace = i % 2 == 0 ? "leased" : "exact", Key = string.Create(CultureInfo.InvariantCulture, $"warm-{i % 40}") };
            long asked = Stopwatch.GetTimestamp();
            GrpcReply? reply = await cluster.Callers[silo].CallAsync("QuotaService/CheckQuota", check, Patience);
            inARow = reply is { IsOk: true } && Stopwatch.GetElapsedTime(asked) < WaitMax ? inARow + 1 : 0;
        }
        return inARow == AnswersInARow;
    }
}
