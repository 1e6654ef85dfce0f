using System.Diagnostics;
using System.Globalization;
using Quota.Contracts.V1;

namespace Quota.Soak;

/// <summary>What the silo says was used: of every key and the namespace, and the control totals of the stream.</summary>
internal sealed class UsageReport(GrpcCaller caller, string[] months)
{
    private static readonly TimeSpan ExpiryTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The row of a key; an empty key is the namespace.</summary>
    public async Task<UsageRowTotals> KeyAsync(string key)
    {
        UsageRowTotals total = default;
        foreach (string month in months)
        {
            GrpcReply reply = await caller.CallAsync("UsageService/GetUsage", new GetUsageRequest { Namespace = Workload.Namespace, Key = key, Month = month });
            // NOT_FOUND: an unknown key without usage in this month.
            if (reply.Status == 5)
            {
                continue;
            }
            total += UsageRowTotals.From(Checked(reply).Message(KeyUsage.Parser).Units);
        }
        return total;
    }

    /// <summary>The sum of the stream's trailers over the months, and the sum over its rows.</summary>
    public async Task<(UsageRowTotals Trailer, UsageRowTotals Rows)> StreamAsync()
    {
        UsageRowTotals trailer = default, rows = default;
        foreach (string month in months)
        {
            GrpcReply reply = Checked(await caller.CallAsync("UsageService/StreamUsage", new ListUsageRequest { Namespace = Workload.Namespace, Month = month }));
            foreach (UsageRow row in reply.Messages(UsageRow.Parser))
            {
                if (row.RowCase == UsageRow.RowOneofCase.Key)
                {
                    rows += UsageRowTotals.From(row.Key.Units).WithoutRolledUp();
                }
                else if (row.RowCase == UsageRow.RowOneofCase.Trailer)
                {
                    trailer += UsageRowTotals.From(row.Trailer.Totals);
                }
            }
        }
        return (trailer, rows);
    }

    /// <summary>What the counting limits of a key have counted: the enforced counters, beside the usage.</summary>
    public async Task<Units> CountersAsync(string key)
    {
        var peek = new CheckQuotaRequest { Namespace = Workload.Namespace, Key = key, Cost = 0, Peek = true };
        default(Units).WriteTo(peek.Costs);
        CheckQuotaResponse answer = Checked(await caller.CallAsync("QuotaService/CheckQuota", peek)).Message(CheckQuotaResponse.Parser);
        // The key's own limits come first; its parents' and the namespace's have the same names.
        long[] counted = [.. Workload.CountingLimits.Select(name => Workload.CountingAmount - answer.Limits.First(l => l.Name == name && l.Key.Length == 0).Remaining)];
        return new Units(counted[0], counted[1], counted[2]);
    }

    /// <summary>Waits until no reservation is open; the comparison shows what is left after the time that an expiry may take.</summary>
    public async Task WaitForExpiryAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < ExpiryTimeout && await timer.WaitForNextTickAsync())
        {
            long reserved = 0;
            foreach (string key in Workload.Loaded)
            {
                UsageRowTotals row = await KeyAsync(key);
                reserved += row.Reserved.Requests + row.Reserved.Input + row.Reserved.Output;
            }
            if (reserved == 0)
            {
                return;
            }
        }
    }

    /// <summary>The billing months from the start of the soak until now: one, or two around a month's end.</summary>
    public static string[] MonthsSince(DateTimeOffset start) =>
        [.. new[] { start, DateTimeOffset.UtcNow }.Select(t => t.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture)).Distinct()];

    private static GrpcReply Checked(GrpcReply reply) => reply.IsOk ? reply : throw new InvalidDataException($"{reply.Status} {reply.Text}");
}
