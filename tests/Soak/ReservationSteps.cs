using Quota.Contracts.V1;

namespace Quota.Soak;

/// <summary>
/// What one worker does with reservations: holds them over many steps, settles them for less or more, cancels, extends, comes
/// too late on purpose, or never comes back. Of each it knows in the end what was counted: of the abandoned ones by their policy.
/// </summary>
internal sealed class ReservationSteps(GrpcCaller caller, Tally tally, Random random)
{
    private const int FailedPrecondition = 9;
    private const int OpenMax = 30;

    /// <summary>Longer than a soak: of these none expires before it is ended.</summary>
    private const long HeldTtlMs = 4 * 3_600_000;

    private readonly List<OpenReservation> _open = [];

    public bool HasOpen => _open.Count > 0;

    public async Task ReserveAsync(string key, string requestId, Units estimate)
    {
        int kind = random.Next(10);
        bool isShort = kind < 5 || _open.Count >= OpenMax;
        bool cancels = random.Next(2) == 0;
        var request = new ReserveRequest
        {
            Namespace = Workload.Namespace,
            Key = key,
            RequestId = requestId,
            Cost = estimate.Requests,
            TtlMs = isShort ? random.Next(150, 3_000) : HeldTtlMs,
            // Unspecified is the namespace's: settle.
            OnExpiry = cancels ? ExpiryPolicy.Cancel : random.Next(2) == 0 ? ExpiryPolicy.Settle : ExpiryPolicy.Unspecified,
        };
        estimate.WriteTo(request.Costs);
        GrpcReply reply = await caller.CallAsync("QuotaService/Reserve", request);
        if (!reply.IsOk)
        {
            tally.Fault($"reserve {requestId} on {key}: {reply.Status} {reply.Text}");
            return;
        }
        ReserveResponse answer = reply.Message(ReserveResponse.Parser);
        if (!answer.Decision.Allowed)
        {
            tally.Note("reservations refused");
            return;
        }
        var open = new OpenReservation(key, answer.ReservationId, estimate, cancels, answer.ExpiresAtUnixMs);
        tally.Note(answer.Decision.Repeat ? "reservations answered by a repeat" : "reservations");
        if (!isShort)
        {
            _open.Add(open);
        }
        else if (kind < 2)
        {
            await EndAtExpiryAsync(open);
        }
        else
        {
            // Nobody comes back for it.
            tally.Note(cancels ? "abandoned, to be cancelled" : "abandoned, to be settled");
            tally.AddUsed(key, open.OnExpiry);
        }
    }

    /// <summary>Ends or extends one of those that are open.</summary>
    public async Task EndAsync()
    {
        int index = random.Next(_open.Count);
        OpenReservation open = _open[index];
        int dice = random.Next(10);
        if (dice < 3)
        {
            _open[index] = await ExtendAsync(open);
            return;
        }
        _open.RemoveAt(index);
        await (dice < 5 ? CancelAsync(open) : SettleAsync(open));
    }

    public async Task FinishAsync()
    {
        while (HasOpen)
        {
            OpenReservation open = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            await (random.Next(3) == 0 ? CancelAsync(open) : SettleAsync(open));
        }
    }

    // The call and the expiry meet: whichever comes first, the answer says which it was.
    private async Task EndAtExpiryAsync(OpenReservation open)
    {
        long waitMs = open.ExpiresAtMs - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + random.Next(-100, 100);
        await Task.Delay((int)Math.Clamp(waitMs, 0, 3_000));
        await (random.Next(2) == 0 ? CancelAsync(open) : SettleAsync(open));
    }

    private async Task SettleAsync(OpenReservation open)
    {
        bool asReserved = !open.Grown && random.Next(4) == 0;
        Units costs = asReserved ? open.Estimate : new(Scale(open.Estimate.Requests), Scale(open.Estimate.Input), Scale(open.Estimate.Output));
        var request = new SettleRequest { Namespace = Workload.Namespace, Key = open.Key, ReservationId = open.Id };
        if (!asReserved)
        {
            request.Cost = costs.Requests;
            costs.WriteTo(request.Costs);
        }
        int times = random.Next(10) == 0 ? 2 : 1;
        for (int i = 0; i < times; i++)
        {
            GrpcReply reply = await caller.CallAsync("QuotaService/Settle", request);
            if (!reply.IsOk)
            {
                Expired(open, reply, "settle");
                return;
            }
            SettleResponse answer = reply.Message(SettleResponse.Parser);
            if (!answer.Settled)
            {
                tally.Note("settlements refused");
                await CancelAsync(open);
                return;
            }
            if (Units.From(answer.Costs) != costs || (i > 0 && !answer.Repeat))
            {
                tally.Fault($"settle of {open} with {costs} was answered {answer}");
            }
            if (i == 0)
            {
                tally.AddUsed(open.Key, costs);
                tally.Note("settled");
            }
        }
    }

    private async Task CancelAsync(OpenReservation open)
    {
        var request = new CancelRequest { Namespace = Workload.Namespace, Key = open.Key, ReservationId = open.Id };
        GrpcReply reply = await caller.CallAsync("QuotaService/Cancel", request);
        if (!reply.IsOk)
        {
            Expired(open, reply, "cancel");
            return;
        }
        Units back = Units.From(reply.Message(CancelResponse.Parser).Costs);
        if (!open.Grown && back != open.Estimate)
        {
            tally.Fault($"cancel of {open} gave back {back}");
        }
        tally.Note("cancelled");
    }

    private async Task<OpenReservation> ExtendAsync(OpenReservation open)
    {
        var request = new ExtendRequest { Namespace = Workload.Namespace, Key = open.Key, ReservationId = open.Id, TtlMs = HeldTtlMs };
        bool grows = random.Next(2) == 0;
        if (grows)
        {
            new Units(0, random.Next(0, 50), random.Next(0, 50)).WriteTo(request.AddCosts);
        }
        GrpcReply reply = await caller.CallAsync("QuotaService/Extend", request);
        if (!reply.IsOk)
        {
            tally.Fault($"extend of {open}: {reply.Status} {reply.Text}");
            return open;
        }
        tally.Note(reply.Message(ReserveResponse.Parser).Decision.Allowed ? "extended" : "extensions refused");
        return grows ? open with { Grown = true } : open;
    }

    private void Expired(OpenReservation open, GrpcReply reply, string call)
    {
        // Only those that expire soon can have: the others are held for longer than any call is repeated.
        string outcome = open.Cancels ? "was cancelled" : "was settled";
        if (reply.Status != FailedPrecondition || !reply.Text.Contains("expired", StringComparison.Ordinal) || !reply.Text.Contains(outcome, StringComparison.Ordinal) || open.Grown)
        {
            tally.Fault($"{call} of {open}: {reply.Status} {reply.Text}");
            return;
        }
        tally.AddUsed(open.Key, open.OnExpiry);
        tally.Note("ended by their expiry first");
    }

    private long Scale(long units) => (long)(units * (0.3 + (1.4 * random.NextDouble())));
}
