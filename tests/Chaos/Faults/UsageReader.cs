using System.Globalization;
using Quota.Chaos.Running;
using Quota.Contracts.V1;

namespace Quota.Chaos.Faults;

/// <summary>What the silos say was used.</summary>
/// <param name="cluster">The silos.</param>
/// <param name="start">When the run began: a month may end while it goes on.</param>
internal sealed class UsageReader(ChaosCluster cluster, DateTimeOffset start)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Units that are billed of a key, and such that are unsettled.</summary>
    /// <exception cref="InvalidDataException">The silo does not answer as it must.</exception>
    public async Task<(long Billable, long Unsettled)> ReadAsync(int silo, string owner, string key)
    {
        long billable = 0, unsettled = 0;
        foreach (string month in new[] { start, DateTimeOffset.UtcNow }.Select(t => t.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture)).Distinct())
        {
            GrpcReply? reply = await cluster.Callers[silo].CallAsync("UsageService/GetUsage", new GetUsageRequest { Namespace = owner, Key = key, Month = month }, Patience);
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
}
