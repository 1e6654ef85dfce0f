using System.Diagnostics;
using Google.Protobuf;
using Quota.Chaos.Running;
using Quota.Contracts.V1;

namespace Quota.Chaos.Table;

/// <summary>
/// Callers that ask every silo for every hot key at a fixed rate, whatever comes back, and the books they keep. Each silo has a flow
/// that sends; what comes back is booked under one lock.
/// </summary>
internal sealed class HotLoad(ChaosCluster cluster, ChaosOptions options, string owner, string prefix)
{
    /// <summary>Calls that wait for one silo at most.</summary>
    private const int WaitingMax = 400;

    /// <summary>Longer than a silo is paused: an answer that comes late counts when it comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>By hot key.</summary>
    public List<Admission>[] Admissions { get; } = [.. HotKey.All.Select(_ => new List<Admission>())];

    /// <summary>By silo.</summary>
    public SiloCounts[] Counts { get; } = [.. cluster.Silos.Select(_ => new SiloCounts())];

    /// <summary>How long it ran, in seconds.</summary>
    public double Seconds { get; private set; }

    /// <summary>Asks until cancelled, then waits for what is on its way.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await Task.WhenAll(cluster.Silos.Select((_, silo) => Task.Run(() => AskAsync(silo, stop), CancellationToken.None)));
        Seconds = Seconds == 0 ? Now() : Seconds;
    }

    private async Task AskAsync(int silo, CancellationToken stop)
    {
        var waiting = new List<Task>();
        CheckQuotaRequest[] requests = [.. HotKey.All.Select(k => new CheckQuotaRequest { Namespace = owner, Key = $"{prefix}-{k.Plan}", Plan = k.Plan })];
        double perSecond = HotKey.DemandPerSecond(options) * requests.Length / cluster.Silos.Length;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        double began = Now();
        long sent = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                waiting.RemoveAll(w => w.IsCompleted);
                for (long due = (long)((Now() - began) * perSecond); sent < due; sent++)
                {
                    if (waiting.Count >= WaitingMax)
                    {
                        Counts[silo].Unsent++;
                        continue;
                    }
                    int key = (int)(sent % requests.Length);
                    waiting.Add(CallAsync(silo, key, requests[key]));
                }
            }
        }
        catch (OperationCanceledException)
        {
            Seconds = Now();
        }
        await Task.WhenAll(waiting);
    }

    private async Task CallAsync(int silo, int key, IMessage request)
    {
        double asked = Now();
        GrpcReply? reply = await cluster.Callers[silo].CallAsync("QuotaService/CheckQuota", request, Patience);
        double answered = Now();
        CheckQuotaResponse? answer = reply is { IsOk: true } ? reply.Message(CheckQuotaResponse.Parser) : null;
        SiloCounts counts = Counts[silo];
        lock (_gate)
        {
            if (reply is { Status: not GrpcCode.NotConnected })
            {
                counts.Waits.Add(answered - asked);
            }
            if (answer is not null)
            {
                counts.Decided.Add(answered);
            }
            switch (answer?.Allowed, reply?.Status)
            {
                case (true, _):
                    counts.Allowed++;
                    Admissions[key].Add(new Admission(asked, answered, answer!.DecidedAtUnixMs, silo));
                    break;
                case (false, _): counts.Denied++; break;
                case (_, null): counts.Unanswered++; break;
                case (_, GrpcCode.NotConnected): counts.NotConnected++; break;
                case (_, GrpcCode.Unavailable): counts.Unavailable++; break;
                case (_, GrpcCode.ResourceExhausted): counts.Exhausted++; break;
                default: counts.Other++; break;
            }
        }
    }

    private double Now() => Stopwatch.GetElapsedTime(_start).TotalSeconds;
}
