using System.Globalization;
using System.Text;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Simulator;

/// <summary>
/// The clients: they send requests to silos at random, repeat those that have an id until they are answered, settle, cancel or
/// abandon their reservations through any silo, and give units back. What they are told goes into the ledger.
/// </summary>
internal sealed class Traffic(World world, Scenario scenario, IReadOnlyList<SimSilo> silos, Ledger ledger)
{
    private const long ClientTimeoutNs = 900_000_000;

    /// <summary>Requests that are still to come, and clients that have not been told yet what they have to know.</summary>
    public int Unfinished { get; private set; }

    /// <summary>Requests keep coming until all were sent.</summary>
    public void Start()
    {
        Unfinished = scenario.Requests;
        long atNs = 0;
        for (int i = 0; i < scenario.Requests; i++)
        {
            // Bursts: many at once, then nothing.
            atNs += !scenario.IsBursty ? world.Between(0, 2 * scenario.PaceNs) : world.Chance(0.05) ? world.Between(0, 30 * scenario.PaceNs) : world.Between(0, scenario.PaceNs / 2);
            int number = i;
            world.After(atNs, null, () => Draw(number));
        }
    }

    private void Draw(int number)
    {
        Unfinished--;
        int key = world.Chance(scenario.HotShare) ? 0 : world.Random.Next(scenario.Keys);
        double what = world.Random.NextDouble();
        if (what < scenario.RefundShare)
        {
            var refund = new Refund { Number = number, Key = key, Units = world.Between(1, 5) };
            ledger.Refunds.Add(refund);
            Unfinished++;
            Send(refund, 0);
            return;
        }
        what -= scenario.RefundShare;
        bool isHold = what < scenario.ReserveShare;
        var request = new Request
        {
            Number = number,
            Key = key,
            Cost = isHold ? world.Between(1, 3) : world.Between(1, scenario.CostMax),
            Ip = world.Chance(0.7) ? "a" : "b",
            Id = world.Chance(isHold ? 0.6 : scenario.IdShare) ? "r" + number.ToString(CultureInfo.InvariantCulture) : "",
            TtlMs = isHold ? world.Between(200, 8_000) : 0,
        };
        ledger.Requests.Add(request);
        Unfinished += request.Id.Length > 0 ? 1 : 0;
        Send(request);
    }

    private SimSilo Pick()
    {
        while (true)
        {
            SimSilo silo = silos[world.Random.Next(silos.Count)];
            if (!silo.IsGone)
            {
                return silo;
            }
        }
    }

    private long NetworkNs() => world.Between(20_000, 1_500_000);

    private void Send(Request request)
    {
        SimSilo silo = Pick();
        int attempt = ++request.Attempts;
        if (!silo.IsServing)
        {
            Retry(request, attempt);
            return;
        }
        request.Open++;
        Process process = silo.Process;
        world.After(NetworkNs(), process, () => world.Run(() => ServeAsync(request, silo, attempt)));
        if (request.Id.Length > 0)
        {
            world.After(ClientTimeoutNs, null, () => Retry(request, attempt));
        }
    }

    /// <summary>Sends it again, if it may be repeated and this was the last attempt.</summary>
    private void Retry(Request request, int attempt)
    {
        if (request.Id.Length > 0 && !request.IsDone && attempt == request.Attempts)
        {
            world.After(world.Between(1_000_000, 200_000_000), null, () =>
            {
                if (!request.IsDone && attempt == request.Attempts)
                {
                    Send(request);
                }
            });
        }
    }

    private async Task ServeAsync(Request request, SimSilo silo, int attempt)
    {
        request.StartNs = Math.Min(request.StartNs, world.NowNs);
        int version = silo.Version;
        var decision = new Decision();
        Begin(request, silo, decision);
        await silo.Grains.Limiter.CompleteAsync(decision).ConfigureAwait(false);
        world.Note(10, silo.Number, ((long)decision.Status * 2) + (decision.Allowed ? 1 : 0));
        world.Trace($"silo {silo.Number}: {request} attempt {attempt}: {decision.Status} {(decision.Allowed ? "allowed" : "refused")}{(decision.IsRepeat ? " again" : "")} {decision.ErrorMessage}");
        if (decision.Status is not (DecisionStatus.Decided or DecisionStatus.Unavailable or DecisionStatus.Overloaded))
        {
            throw new SimulationFailure($"{request} was answered {decision.Status}: {decision.ErrorMessage}");
        }
        if (decision.Status != DecisionStatus.Unavailable)
        {
            request.Open--;
        }
        if (decision.Status == DecisionStatus.Decided)
        {
            if (decision.Allowed)
            {
                Admit(request, decision, version);
            }
            world.After(NetworkNs(), null, () => Answered(request, decision));
        }
        else
        {
            world.After(NetworkNs(), null, () => Retry(request, attempt));
        }
    }

    private void Admit(Request request, Decision decision, int version)
    {
        request.TimesCounted += decision.IsRepeat ? 0 : 1;
        if (request.TimesCounted > 1)
        {
            throw new SimulationFailure($"{request} was counted twice");
        }
        if (decision.IsRepeat && request.Id.Length == 0)
        {
            throw new SimulationFailure($"{request} was taken for a repeat");
        }
        request.Version = decision.IsRepeat ? -1 : version;
        if (request.IsAdmitted)
        {
            return;
        }
        request.IsAdmitted = true;
        request.EndNs = world.NowNs;
        if (request.TtlMs > 0)
        {
            // Abandoned, it is settled as estimated when it expires.
            request.UsedMin = 0;
            request.UsedMax = request.Cost;
            request.Reservation = decision.Reservation.Id.ToString("x32", CultureInfo.InvariantCulture);
        }
    }

    private void Answered(Request request, Decision decision)
    {
        if (request.IsDone)
        {
            return;
        }
        request.IsDone = true;
        Unfinished -= request.Id.Length > 0 ? 1 : 0;
        if (request.TtlMs > 0 && decision.Allowed)
        {
            bool isAbandoned = world.Chance(0.25);
            if (isAbandoned)
            {
                request.UsedMin = request.Cost;
                return;
            }
            Unfinished++;
            long used = world.Between(0, request.Cost);
            bool isCancelled = world.Chance(0.3);
            world.After(world.Between(0, request.TtlMs * 1_300_000), null, () => End(request, isCancelled ? -1 : used, 0));
        }
    }

    /// <summary>Ends a reservation through any silo, until it is known how it ended.</summary>
    private void End(Request request, long used, int attempts)
    {
        SimSilo silo = Pick();
        bool isAnswered = false;
        if (silo.IsServing)
        {
            world.After(NetworkNs(), silo.Process, () => world.Run(async () =>
            {
                (DecisionStatus status, string? message) = await EndAsync(silo, request, used).ConfigureAwait(false);
                world.Note(11, silo.Number, (long)status);
                world.Trace($"silo {silo.Number}: {request} ends with {used}: {status} {message}");
                if (isAnswered || status is DecisionStatus.Unavailable or DecisionStatus.Overloaded)
                {
                    return;
                }
                isAnswered = true;
                Unfinished--;
                bool isExpired = status == DecisionStatus.FailedPrecondition && message!.Contains("expired", StringComparison.Ordinal);
                if (status != DecisionStatus.Decided && !isExpired)
                {
                    throw new SimulationFailure($"{request} cannot be ended: {status} {message}");
                }
                request.UsedMin = request.UsedMax = isExpired ? request.Cost : Math.Max(0, used);
            }));
        }
        world.After(ClientTimeoutNs, null, () =>
        {
            if (!isAnswered)
            {
                // The answer may come yet; the next attempt says the same.
                isAnswered = true;
                End(request, used, attempts + 1);
            }
        });
    }

    private static async Task<(DecisionStatus Status, string? Message)> EndAsync(SimSilo silo, Request request, long used)
    {
        string key = silo.KeyName(request.Key);
        if (used < 0)
        {
            Outcome<Cancellation> cancelled = await silo.Grains.Operations.CancelAsync(new ReservationInput(Scenario.Namespace, key, request.Reservation)).ConfigureAwait(false);
            return (cancelled.Status, cancelled.ErrorMessage);
        }
        var costs = new Dictionary<string, long> { ["requests"] = used };
        Outcome<Settlement> settled = await silo.Grains.Operations.SettleAsync(new SettleInput(Scenario.Namespace, key, request.Reservation) { Costs = costs }).ConfigureAwait(false);
        return (settled.Status, settled.ErrorMessage);
    }

    private void Send(Refund refund, int attempts)
    {
        SimSilo silo = Pick();
        bool isAnswered = false;
        if (silo.IsServing)
        {
            world.After(NetworkNs(), silo.Process, () => world.Run(async () =>
            {
                Outcome<Refunded> outcome = await silo.Grains.Operations.RefundAsync(new RefundInput(Scenario.Namespace, silo.KeyName(refund.Key))
                {
                    Costs = new Dictionary<string, long> { ["requests"] = refund.Units },
                    RequestId = "f" + refund.Number.ToString(CultureInfo.InvariantCulture),
                    Attributes = new Dictionary<string, string> { ["ip"] = "a" },
                }).ConfigureAwait(false);
                world.Note(12, silo.Number, (long)outcome.Status);
                world.Trace($"silo {silo.Number}: refund {refund.Number} of {refund.Units}: {outcome.Status} {outcome.ErrorMessage}");
                if (outcome.Status is DecisionStatus.Unavailable or DecisionStatus.Overloaded)
                {
                    return;
                }
                if (!outcome.IsDone)
                {
                    throw new SimulationFailure($"refund {refund.Number} was answered {outcome.Status}: {outcome.ErrorMessage}");
                }
                long given = outcome.Value!.Costs.GetValueOrDefault("requests");
                if (refund.Given is { } before && before != given)
                {
                    throw new SimulationFailure($"refund {refund.Number} gave back {before}, and then {given}");
                }
                Unfinished -= refund.Given is null ? 1 : 0;
                refund.Given = given;
                isAnswered = true;
            }));
        }
        world.After(ClientTimeoutNs, null, () =>
        {
            if (!isAnswered && refund.Given is null)
            {
                Send(refund, attempts + 1);
            }
        });
    }

    private static void Begin(Request request, SimSilo silo, Decision decision)
    {
        byte[] text = Encoding.UTF8.GetBytes("ip" + request.Ip);
        var check = new CheckRequest
        {
            Namespace = Encoding.UTF8.GetBytes(Scenario.Namespace),
            Key = Encoding.UTF8.GetBytes(silo.KeyName(request.Key)),
            Cost = request.Cost,
            RequestId = Encoding.UTF8.GetBytes(request.Id),
            Attributes = new AttributeSet(text, [new AttributeRange(0, 2, 2, text.Length - 2)]),
        };
        if (request.TtlMs > 0)
        {
            silo.Grains.Limiter.Reserve(check, new ReservationTerms(request.TtlMs, true), silo.Grains.Limiter.Now(), decision);
        }
        else
        {
            silo.Grains.Limiter.Begin(check, silo.Grains.Limiter.Now(), decision);
        }
    }
}
