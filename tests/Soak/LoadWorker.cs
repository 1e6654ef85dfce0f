using System.Diagnostics;
using System.Globalization;
using Quota.Contracts.V1;

namespace Quota.Soak;

/// <summary>
/// One worker of a client: one step after the other, each of a random kind. Whatever counts carries an id and is repeated with it
/// until it is answered, so at the end of a step the tally knows what was counted.
/// </summary>
internal sealed class LoadWorker(GrpcCaller caller, Tally tally, string name, Random random)
{
    private const int RefundableMax = 50;
    private const int AnsweredMax = 100;

    /// <summary>Together with the time a call is repeated, less than the namespace's window of request ids.</summary>
    private static readonly TimeSpan RepeatedWithin = TimeSpan.FromSeconds(60);

    private readonly List<(CheckQuotaRequest Check, CheckQuotaResponse Answer, long At)> _answered = [];
    private readonly List<(CheckQuotaRequest Check, long AtMs)> _refundable = [];
    private readonly ReservationSteps _reservations = new(caller, tally, random);
    private long _ids;

    public Task StepAsync()
    {
        int dice = random.Next(100);
        return dice switch
        {
            < 30 => CheckAsync(),
            < 42 => BatchAsync(),
            < 45 => PeekAsync(),
            < 49 when _answered.Count > 0 => RepeatAsync(),
            < 60 when _refundable.Count > 0 => RefundAsync(),
            < 75 => _reservations.ReserveAsync(NextKey(), NextId(), NextUnits()),
            _ => _reservations.HasOpen ? _reservations.EndAsync() : CheckAsync(),
        };
    }

    /// <summary>Ends every reservation that is still open.</summary>
    public Task FinishAsync() => _reservations.FinishAsync();

    private string NextKey() => Workload.Loaded[random.Next(Workload.Loaded.Length)];

    private string NextId() => string.Create(CultureInfo.InvariantCulture, $"{name}-{_ids++}");

    private Units NextUnits() => new(random.Next(1, 4), random.Next(0, 300), random.Next(0, 200));

    private CheckQuotaRequest NextCheck()
    {
        var check = new CheckQuotaRequest { Namespace = Workload.Namespace, Key = NextKey(), RequestId = NextId() };
        Units units = NextUnits();
        check.Cost = units.Requests;
        units.WriteTo(check.Costs);
        check.Attributes["ip"] = "10.0.0." + random.Next(20).ToString(CultureInfo.InvariantCulture);
        check.Attributes["route"] = random.Next(3) == 0 ? "/search/all" : "/items";
        return check;
    }

    private async Task CheckAsync()
    {
        CheckQuotaRequest check = NextCheck();
        if (random.Next(100) < 4)
        {
            await CheckTwiceAtOnceAsync(check);
            return;
        }
        CheckQuotaResponse answer = Parse(await caller.CallAsync("QuotaService/CheckQuota", check));
        Count(check, answer);
        if (answer.Allowed && _answered.Count < AnsweredMax)
        {
            _answered.Add((check, answer, Stopwatch.GetTimestamp()));
        }
    }

    // A caller that did not see its answer, long after it was given, and often by another process of the silo.
    private async Task RepeatAsync()
    {
        int index = random.Next(_answered.Count);
        (CheckQuotaRequest check, CheckQuotaResponse first, long at) = _answered[index];
        _answered.RemoveAt(index);
        if (Stopwatch.GetElapsedTime(at) > RepeatedWithin)
        {
            return;
        }
        CheckQuotaResponse again = Parse(await caller.CallAsync("QuotaService/CheckQuota", check));
        tally.Note("repeated although answered");
        if (!again.Repeat || !again.Allowed || again.DecidedAtUnixMs != first.DecidedAtUnixMs)
        {
            tally.Fault($"a repeat of {check.RequestId} on {check.Key} was answered {again}; first {first}");
        }
    }

    // Both carry the same id: together they count once, whichever comes first.
    private async Task CheckTwiceAtOnceAsync(CheckQuotaRequest check)
    {
        GrpcReply[] replies = await Task.WhenAll(caller.CallAsync("QuotaService/CheckQuota", check), caller.CallAsync("QuotaService/CheckQuota", check));
        tally.Note("sent twice at once");
        CheckQuotaResponse first = Parse(replies[0]), second = Parse(replies[1]);
        if (first.Allowed && second.Allowed && !first.Repeat && !second.Repeat)
        {
            tally.Fault($"{check.RequestId} on {check.Key} was counted twice: {first}; {second}");
        }
        Count(check, first.Allowed ? first : second);
    }

    private async Task BatchAsync()
    {
        var request = new CheckQuotaBatchRequest();
        for (int i = random.Next(2, 21); i > 0; i--)
        {
            request.Checks.Add(NextCheck());
        }
        for (int round = 0; request.Checks.Count > 0; round++)
        {
            GrpcReply reply = await caller.CallAsync("QuotaService/CheckQuotaBatch", request);
            if (!reply.IsOk || round > 1_000)
            {
                throw new InvalidDataException($"CheckQuotaBatch: {reply.Status} {reply.Text} after {round} rounds");
            }
            CheckQuotaBatchResponse answer = reply.Message(CheckQuotaBatchResponse.Parser);
            var open = new CheckQuotaBatchRequest();
            for (int i = 0; i < request.Checks.Count; i++)
            {
                CheckQuotaResult result = answer.Results[i];
                if (result.OutcomeCase == CheckQuotaResult.OutcomeOneofCase.Response)
                {
                    Count(request.Checks[i], result.Response);
                }
                else if (result.Error.Code is 8 or 14)
                {
                    open.Checks.Add(request.Checks[i]);
                }
                else
                {
                    tally.Fault($"check {request.Checks[i].RequestId}: {result.Error}");
                }
            }
            request = open;
        }
        tally.Note("batches");
    }

    private async Task PeekAsync()
    {
        CheckQuotaRequest check = NextCheck();
        check.Peek = true;
        check.RequestId = "";
        Parse(await caller.CallAsync("QuotaService/CheckQuota", check));
        tally.Note("peeks");
    }

    private async Task RefundAsync()
    {
        int index = random.Next(_refundable.Count);
        (CheckQuotaRequest check, long atMs) = _refundable[index];
        _refundable.RemoveAt(index);
        // All of it, or only the tokens.
        Units units = new(random.Next(2) * check.Cost, check.Costs[Units.Names[1]], check.Costs[Units.Names[2]]);
        var request = new RefundRequest { Namespace = check.Namespace, Key = check.Key, RequestId = NextId(), DecidedAtUnixMs = atMs, Reason = "soak", Cost = units.Requests };
        units.WriteTo(request.Costs);
        request.Attributes.Add(check.Attributes);
        int times = random.Next(10) == 0 ? 2 : 1;
        for (int i = 0; i < times; i++)
        {
            GrpcReply reply = await caller.CallAsync("QuotaService/Refund", request);
            if (!reply.IsOk)
            {
                tally.Fault($"refund {request.RequestId} of {request.Key}: {reply.Status} {reply.Text}");
                return;
            }
            RefundResponse answer = reply.Message(RefundResponse.Parser);
            Units refunded = Units.From(answer.Refunded);
            if (refunded != units || answer.Adjustment || (i > 0 && !answer.Repeat))
            {
                tally.Fault($"refund {request.RequestId} of {units} on {request.Key} was answered {answer}");
            }
            if (i == 0)
            {
                tally.AddRefunded(request.Key, refunded);
                tally.Note("refunds");
            }
        }
    }

    private void Count(CheckQuotaRequest check, CheckQuotaResponse answer)
    {
        if (!answer.Allowed)
        {
            tally.Note(answer.LimitKey.Length > 0 ? "refused by a parent's limit" : "refused by an own limit");
            return;
        }
        if (answer.Reason != Reason.WithinLimits)
        {
            tally.Fault($"check {check.RequestId} on {check.Key} was allowed for {answer.Reason}");
        }
        if (answer.Repeat)
        {
            tally.Note("repeats that had counted");
        }
        tally.Note("checks counted");
        tally.AddUsed(check.Key, new Units(check.Cost, check.Costs[Units.Names[1]], check.Costs[Units.Names[2]]));
        if (_refundable.Count < RefundableMax && random.Next(4) == 0)
        {
            _refundable.Add((check, answer.DecidedAtUnixMs));
        }
    }

    private static CheckQuotaResponse Parse(GrpcReply reply) =>
        reply.IsOk ? reply.Message(CheckQuotaResponse.Parser) : throw new InvalidDataException($"CheckQuota: {reply.Status} {reply.Text}");
}
