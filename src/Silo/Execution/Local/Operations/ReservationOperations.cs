using System.Buffers.Binary;
using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>
/// Settles, cancels, extends and expires reservations. Each is one transaction over the reservation and everything it holds. A
/// reservation that has ended is remembered as long as a request id, so that a repeated settlement gets the first answer.
/// </summary>
internal sealed class ReservationOperations(TransactionRunner transactions, ExpiryQueue expiries, EventRaiser events)
{
    /// <summary>Replaces what is held by the true cost.</summary>
    public StepResult<Outcome<Settlement>> Settle(NamespaceModel owner, byte[] key, UInt128 id, IReadOnlyDictionary<string, long> costs, in Instant now)
    {
        var raised = new List<RaisedEvent>();
        StepResult<Outcome<Settlement>> settled = Run(owner, key, id, now, (transaction, levels, state) =>
        {
            if (costs.Keys.FirstOrDefault(unit => !state.Units.Exists(u => u.Name == unit)) is { } unknown)
            {
                return Failed<Settlement>(DecisionStatus.InvalidArgument, "costs", $"the reservation does not hold the unit {unknown}; reserve it, if only with 0");
            }
            long[] actual = [.. state.Units.Select(u => costs.GetValueOrDefault(u.Name, u.Estimate))];
            if (state.Phase == ReservationPhase.Settled)
            {
                return actual.AsSpan().SequenceEqual(state.Units.Select(u => u.Settled).ToArray())
                    ? Outcome<Settlement>.Done(new Settlement(true, "", "", ByUnit(state, u => u.Settled), true, [], transaction.Now))
                    : Failed<Settlement>(DecisionStatus.FailedPrecondition, "reservation_id", "was settled with other costs");
            }
            if (Ended(state) is { } ended)
            {
                return Failed<Settlement>(DecisionStatus.FailedPrecondition, "reservation_id", ended);
            }
            var step = new SettleStep(transaction, levels, state);
            if (!step.TryAdjustCounters(actual, refuses: true))
            {
                if (step.Refusal is not (LimitModel limit, int level))
                {
                    return default;
                }
                transaction.Abandon();
                string limitKey = level == 0 ? "" : Encoding.UTF8.GetString(levels.Keys[level]);
                return Outcome<Settlement>.Done(new Settlement(false, limit.Name, limitKey, new Dictionary<string, long>(), false, [], transaction.Now));
            }
            if (!step.TryBook(actual) || !EventRaiser.TryStage(transaction, levels, step.Reached, raised))
            {
                return default;
            }
            End(transaction, owner, key, id, state, ReservationPhase.Settled, actual);
            return Outcome<Settlement>.Done(new Settlement(true, "", "", ByUnit(state, u => u.Settled), false, step.Limits, transaction.Now));
        });
        if (settled.Value.Value is { IsSettled: true })
        {
            events.Announce(raised, now);
        }
        return settled;
    }

    /// <summary>Gives everything back.</summary>
    public StepResult<Outcome<Cancellation>> Cancel(NamespaceModel owner, byte[] key, UInt128 id, in Instant now) =>
        Run(owner, key, id, now, (transaction, levels, state) =>
        {
            if (state.Phase == ReservationPhase.Cancelled)
            {
                return Outcome<Cancellation>.Done(new Cancellation(ByUnit(state, u => u.Estimate), true));
            }
            if (Ended(state) is { } ended)
            {
                return Failed<Cancellation>(DecisionStatus.FailedPrecondition, "reservation_id", ended);
            }
            long[] nothing = new long[state.Units.Count];
            if (!new SettleStep(transaction, levels, state).TryAdjustCounters(nothing, refuses: false))
            {
                return default;
            }
            End(transaction, owner, key, id, state, ReservationPhase.Cancelled, nothing);
            return Outcome<Cancellation>.Done(new Cancellation(ByUnit(state, u => u.Estimate), false));
        });

    /// <summary>Gives a new time to live, and holds more if every limit has room.</summary>
    public StepResult<Outcome<Extension>> Extend(NamespaceModel owner, byte[] key, UInt128 id, long ttlMs, IReadOnlyDictionary<string, long> add, in Instant now)
    {
        StepResult<Outcome<Extension>> extended = Run(owner, key, id, now, (transaction, levels, state) =>
        {
            if (Ended(state) is { } ended)
            {
                return Failed<Extension>(DecisionStatus.FailedPrecondition, "reservation_id", ended);
            }
            if (add.Keys.FirstOrDefault(unit => !state.Units.Exists(u => u.Name == unit)) is { } unknown)
            {
                return Failed<Extension>(DecisionStatus.InvalidArgument, "add_costs", $"the reservation does not hold the unit {unknown}");
            }
            var decision = new Decision();
            decision.Reset(transaction.Now);
            decision.Namespace = owner;
            if (!new ExtendStep(transaction, levels, state).TryHold(add, decision))
            {
                return default;
            }
            long expiresMs = transaction.Now.WallMs + ttlMs;
            if (decision.Allowed)
            {
                state.ExpiresAtNs = transaction.Now.WindowNs + (ttlMs * 1_000_000);
                Write(transaction, owner, key, id, state);
            }
            else
            {
                transaction.Abandon();
                expiresMs = transaction.Now.WallMs + ((state.ExpiresAtNs - transaction.Now.WindowNs) / 1_000_000);
            }
            return Outcome<Extension>.Done(new Extension(decision, new ReservationHandle(id, expiresMs)));
        });
        if (extended.Value.Value is { Decision.Allowed: true })
        {
            expiries.Add(RecordId(owner, key, id), now.WindowNs + (ttlMs * 1_000_000));
        }
        return extended;
    }

    /// <summary>Ends a reservation whose time to live is over, as it was told to. One that is not due yet is put back into the queue.</summary>
    /// <param name="owner">The namespace.</param>
    /// <param name="key">The key that reserved.</param>
    /// <param name="recordId">The reservation's record.</param>
    /// <param name="now">The instant of the step.</param>
    /// <param name="isDue">End it whether or not its time to live is over.</param>
    public StepFault? Expire(NamespaceModel owner, byte[] key, byte[] recordId, in Instant now, bool isDue = false)
    {
        UInt128 id = ReservationState.IdOf(GrainId.RecordName(recordId));
        long again = 0;
        StepResult<Outcome<Cancellation>> expired = Run<Cancellation>(owner, key, id, now, (transaction, levels, state) =>
        {
            again = !isDue && state.Phase == ReservationPhase.Open && state.ExpiresAtNs > transaction.Now.WindowNs ? state.ExpiresAtNs : 0;
            if (state.Phase != ReservationPhase.Open || again != 0)
            {
                return default;
            }
            long[] actual = [.. state.Units.Select(u => state.SettlesWhenExpired ? u.Estimate : 0)];
            var step = new SettleStep(transaction, levels, state);
            if (step.TryAdjustCounters(actual, refuses: false) && step.TryBook(actual))
            {
                End(transaction, owner, key, id, state, state.SettlesWhenExpired ? ReservationPhase.ExpiredSettled : ReservationPhase.ExpiredCancelled, actual);
            }
            return default;
        });
        if (again != 0)
        {
            expiries.Add(recordId, again);
        }
        return expired.Fault;
    }

    private StepResult<Outcome<TValue>> Run<TValue>(NamespaceModel owner, byte[] key, UInt128 id, in Instant now, Func<GrainTransaction, KeyLevels, ReservationState, Outcome<TValue>> body)
        where TValue : class
    {
        byte[] recordId = RecordId(owner, key, id);
        byte[] keyId = UsageMover.KeyId(owner, key);
        // The levels it was made on are in the record; they never change, so they may be read in a step of their own.
        StepResult<List<byte[]>?> made = transactions.Run<List<byte[]>?>(
            [keyId],
            now,
            transaction => transaction.TryRead(recordId, out TransactionBlock? block) ? ReservationState.Decode(block.State).KeyIds : null);
        if (made.Fault is { } fault)
        {
            return new(default, 0, fault);
        }
        KeyLevels levels = KeyLevels.OfIds(owner, made.Value ?? [keyId]);
        return transactions.Run([keyId, .. made.Value ?? []], now, transaction =>
        {
            if (!transaction.TryRead(recordId, out TransactionBlock? block) || RecordHead.ForgetAtNs(block.State) <= transaction.Now.WindowNs)
            {
                return Failed<TValue>(DecisionStatus.NotFound, "reservation_id", "the key has no such reservation, or it ended long ago");
            }
            return body(transaction, levels, ReservationState.Decode(block.State));
        });
    }

    private static void End(GrainTransaction transaction, NamespaceModel owner, byte[] key, UInt128 id, ReservationState state, ReservationPhase phase, long[] settled)
    {
        state.Phase = phase;
        state.ForgetAtNs = transaction.Now.WindowNs + owner.RequestIdWindowNs;
        for (int i = 0; i < settled.Length; i++)
        {
            state.Units[i] = state.Units[i] with { Settled = settled[i] };
        }
        state.Parts.Clear();
        Write(transaction, owner, key, id, state);
    }

    private static void Write(GrainTransaction transaction, NamespaceModel owner, byte[] key, UInt128 id, ReservationState state) =>
        transaction.Write(RecordId(owner, key, id), CounterLayout.Record, state.Encode());

    private static string? Ended(ReservationState state) => state.Phase switch
    {
        ReservationPhase.Open => null,
        ReservationPhase.Settled => "was settled",
        ReservationPhase.Cancelled => "was cancelled",
        ReservationPhase.ExpiredSettled => "has expired and was settled as estimated",
        _ => "has expired and was cancelled",
    };

    private static Dictionary<string, long> ByUnit(ReservationState state, Func<ReservedUnit, long> units) => state.Units.ToDictionary(u => u.Name, units);

    private static byte[] RecordId(NamespaceModel owner, byte[] key, UInt128 id)
    {
        Span<byte> name = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(name, id);
        Span<byte> target = stackalloc byte[Bounds.GrainIdBytesMax];
        return target[..GrainId.WriteRecord(target, GrainId.ReservationRecord, owner.NameUtf8, key, name)].ToArray();
    }

    private static Outcome<TValue> Failed<TValue>(DecisionStatus status, string field, string message)
        where TValue : class =>
        Outcome<TValue>.Failed(status, field, message);
}
