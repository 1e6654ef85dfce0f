using System.Diagnostics;
using Google.Protobuf;
using Quota.Chaos.Running;
using Quota.Contracts.V1;

namespace Quota.Chaos.Table;

/// <summary>
/// Callers that ask every silo in service for every hot key at a fixed rate, whatever comes back, and the books they keep. Each silo has a
/// flow that sends; what is asked and what comes back is booked under one lock.
/// </summary>
internal sealed class HotLoad(ChaosCluster cluster, ChaosOptions options, string owner, Situation situation)
{
    /// <summary>Calls that wait for one silo at most.</summary>
    private const int WaitingMax = 400;

    /// <summary>Longer than a silo is paused: an answer that comes late counts when it comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>The wall clock at instant 0, in seconds since 1970.</summary>
    public double EpochSeconds { get; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>By hot key: what was admitted.</summary>
    public List<Admission>[] Admissions { get; } = [.. HotKey.All.Select(_ => new List<Admission>())];

    /// <summary>By hot key: when it was asked for, or would have been.</summary>
    public List<double>[] Asked { get; } = [.. HotKey.All.Select(_ => new List<double>())];

    /// <summary>By hot key: calls of which nobody knows whether they were counted.</summary>
    public long[] Unknown { get; } = new long[HotKey.All.Length];

    /// <summary>By silo.</summary>
    public SiloCounts[] Counts { get; } = [.. cluster.Silos.Select(_ => new SiloCounts())];

    /// <summary>How long it ran, in seconds.</summary>
    public double Seconds { get; private set; }

    /// <summary>Asks until cancelled, then waits for what is on its way.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await Task.WhenAll(cluster.Silos.Select((_, silo) => Task.Run(() => AskAsync(silo, stop), CancellationToken.None)));
    }

    private async Task AskAsync(int silo, CancellationToken stop)
    {
        var waiting = new List<Task>();
        CheckQuotaRequest[] requests = [.. HotKey.All.Select(k => new CheckQuotaRequest { Namespace = owner, Key = k.In(situation), Plan = k.Plan })];
        double perSecond = HotKey.DemandPerSecond(options) * requests.Length;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        double due = 0, before = Now();
        try
        {
            // The silos in service have the demand in equal parts.
            for (long sent = 0; await timer.WaitForNextTickAsync(stop);)
            {
                double now = Now();
                IReadOnlyList<int> inService = cluster.InService;
                due += inService.Contains(silo) ? (now - before) * perSecond / inService.Count : 0;
                before = now;
                waiting.RemoveAll(w => w.IsCompleted);
                for (; sent + 1 <= due; sent++)
                {
                    int key = (int)(sent % requests.Length);
                    if (Ask(silo, key, now, isSent: waiting.Count < WaitingMax))
                    {
                        waiting.Add(CallAsync(silo, key, requests[key]));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            Seconds = Now();
        }
        await Task.WhenAll(waiting);
    }

    private bool Ask(int silo, int key, double now, bool isSent)
    {
        lock (_gate)
        {
            Asked[key].Add(now);
            Counts[silo].Unsent += isSent ? 0 : 1;
        }
        return isSent;
    }

    private async Task CallAsync(int silo, int key, IMessage request)
    {
        double asked = Now();
        GrpcReply? reply = await cluster.Callers[silo].CallAsync("QuotaService/CheckQuota", request, Patience);
        double answered = Now();
        CheckQuotaResponse? answer = reply is { IsOk: true } ? reply.Message(CheckQuotaResponse.Parser) : null;
        lock (_gate)
        {
            Book(Counts[silo], silo, key, asked, answered, reply, answer);
        }
    }

    private void Book(SiloCounts counts, int silo, int key, double asked, double answered, GrpcReply? reply, CheckQuotaResponse? answer)
    {
        counts.LongestWait = Math.Max(counts.LongestWait, answered - asked);
        if (reply is { Status: not GrpcCode.NotConnected })
        {
            counts.Waits.Add(answered - asked);
        }
        if (answer is not null)
        {
            counts.Decided.Add(answered);
        }
        else if (reply?.Status is not (GrpcCode.NotConnected or GrpcCode.ResourceExhausted))
        {
            Unknown[key]++;
        }
        switch (answer?.Allowed, reply?.Status)
        {
            case (true, _):
                counts.Allowed++;
                Admissions[key].Add(new Admission(asked, answered, silo));
                break;
            case (false, _): counts.Denied++; break;
            case (_, null): counts.Unanswered++; break;
            case (_, GrpcCode.NotConnected): counts.NotConnected++; break;
            case (_, GrpcCode.Unavailable): counts.Unavailable++; break;
            case (_, GrpcCode.ResourceExhausted): counts.Exhausted++; break;
            default: counts.Other++; break;
        }
    }

    private double Now() => Stopwatch.GetElapsedTime(_start).TotalSeconds;
}
