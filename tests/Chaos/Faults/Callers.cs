using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Quota.Chaos.Running;
using Quota.Contracts.V1;

namespace Quota.Chaos.Faults;

/// <summary>
/// Clients that ask whichever silo, and their books. A call with a request id is repeated, with the same content, at any silo until it is
/// answered, so the books know what was counted; but if it is refused after an attempt without an answer, that attempt may still be
/// counted later, by a silo that was paused with it. A call without an id is made once; without an answer, the books know an interval.
/// </summary>
internal sealed class Callers(ChaosCluster cluster, ChaosOptions options)
{
    private const int Flows = 48;

    /// <summary>Longer than a fault lasts, so that nothing is given up while it is still worked on.</summary>
    private static readonly TimeSpan IdPatience = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan PlainPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(180);

    private readonly ConcurrentDictionary<(string Namespace, string Key), Book> _books = new();
    private readonly ConcurrentDictionary<string, long> _events = new();
    private long _ids;

    public IReadOnlyDictionary<(string Namespace, string Key), Book> Books => _books;

    public IEnumerable<KeyValuePair<string, long>> Events => _events.OrderBy(e => e.Key, StringComparer.Ordinal);

    /// <summary>What no silo may answer.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>How many calls were decided so far.</summary>
    public long Decided => _events.GetValueOrDefault("allowed") + _events.GetValueOrDefault("denied");

    public Book BookOf(string owner, string key) => _books.GetOrAdd((owner, key), _ => new Book());

    /// <summary>How often what was seen so far, to compare with later.</summary>
    public Dictionary<string, long> Snapshot() => new(_events);

    /// <summary>Asks until cancelled, then until everything is answered.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Flows).Select(i => Task.Run(() => FlowAsync(new Random(HashCode.Combine(options.Seed, i)), stop), CancellationToken.None)));

    private async Task FlowAsync(Random random, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)Flows / options.Rate));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await StepAsync(random);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is up.
        }
    }

    private Task StepAsync(Random random)
    {
        bool withId = random.Next(2) == 0;
        string[] keys = random.Next(4) == 0 ? Workload.Both : withId ? Workload.WithIds : Workload.Plain;
        var check = new CheckQuotaRequest { Namespace = Workload.Namespaces[random.Next(4) == 0 ? 1 : 0], Key = keys[random.Next(keys.Length)], Cost = random.Next(1, 4) };
        if (!withId)
        {
            return OnceAsync(check, random);
        }
        check.RequestId = string.Create(CultureInfo.InvariantCulture, $"{options.Seed}-{Interlocked.Increment(ref _ids)}");
        return UntilAnsweredAsync(check, random);
    }

    private async Task OnceAsync(CheckQuotaRequest check, Random random)
    {
        GrpcReply? reply = await cluster.Callers[random.Next(cluster.Callers.Length)].CallAsync("QuotaService/CheckQuota", check, PlainPatience);
        if (!Note(reply, check, out CheckQuotaResponse? answer))
        {
            if (!IsUncounted(reply))
            {
                BookOf(check.Namespace, check.Key).Unknown(check.Cost);
                Count("without id, outcome unknown");
            }
        }
        else if (answer!.Allowed)
        {
            BookOf(check.Namespace, check.Key).Counted(check.Cost);
        }
    }

    private async Task UntilAnsweredAsync(CheckQuotaRequest check, Random random)
    {
        long start = Stopwatch.GetTimestamp();
        bool isOpen = false;
        while (true)
        {
            GrpcReply? reply = await cluster.Callers[random.Next(cluster.Callers.Length)].CallAsync("QuotaService/CheckQuota", check, IdPatience);
            if (Note(reply, check, out CheckQuotaResponse? answer))
            {
                Settle(check, answer!, isOpen);
                return;
            }
            isOpen |= !IsUncounted(reply);
            if (Stopwatch.GetElapsedTime(start) > AnswerTimeout)
            {
                Faults.Enqueue($"{check.RequestId} was not answered in {AnswerTimeout.TotalSeconds:0} s; last: {reply?.Status} {reply?.Text}");
                BookOf(check.Namespace, check.Key).Unknown(check.Cost);
                return;
            }
            Count("repeated");
            await Task.Delay(random.Next(10, 300));
        }
    }

    private void Settle(CheckQuotaRequest check, CheckQuotaResponse answer, bool isOpen)
    {
        if (answer.Allowed)
        {
            BookOf(check.Namespace, check.Key).Counted(check.Cost);
            if (answer.Repeat)
            {
                Count("counted although unanswered, found by the id");
                if (!isOpen)
                {
                    Faults.Enqueue($"{check.RequestId} was asked for once and answered as a repeat");
                }
            }
        }
        else if (isOpen)
        {
            BookOf(check.Namespace, check.Key).Unknown(check.Cost);
            Count("with id, refused after an attempt without an answer");
        }
    }

    /// <summary>False if there is no decision.</summary>
    private bool Note(GrpcReply? reply, CheckQuotaRequest check, out CheckQuotaResponse? answer)
    {
        answer = reply is { IsOk: true } ? reply.Message(CheckQuotaResponse.Parser) : null;
        if (answer is not null && answer.Reason is not (Reason.WithinLimits or Reason.LimitExceeded))
        {
            Faults.Enqueue($"a check of {check.Key} was answered {answer}");
        }
        if (reply is { Status: not (GrpcCode.NotConnected or 0 or 1 or 4 or GrpcCode.ResourceExhausted or GrpcCode.Unavailable) })
        {
            Faults.Enqueue($"a check of {check.Key} was answered {reply.Status} {reply.Text}");
        }
        Count((answer?.Allowed, reply?.Status) switch
        {
            (true, _) => "allowed",
            (false, _) => "denied",
            (_, null) => "no answer",
            (_, GrpcCode.NotConnected) => "no connection",
            (_, GrpcCode.Unavailable) => "UNAVAILABLE",
            (_, GrpcCode.ResourceExhausted) => "RESOURCE_EXHAUSTED",
            _ => "other status",
        });
        return answer is not null;
    }

    /// <summary>A call that reached nobody, or that a silo refused for want of room, was not counted; of any other that was not decided nobody knows.</summary>
    private static bool IsUncounted(GrpcReply? reply) => reply?.Status is GrpcCode.NotConnected or GrpcCode.ResourceExhausted;

    private void Count(string what) => _events.AddOrUpdate(what, 1, (_, n) => n + 1);
}
