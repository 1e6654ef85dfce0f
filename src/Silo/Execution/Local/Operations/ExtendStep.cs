using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>Holds more for a reservation, decided like a check: every limit it already holds units of has to have room.</summary>
internal sealed class ExtendStep(GrainTransaction transaction, KeyLevels levels, ReservationState reservation)
{
    /// <summary>Evaluates on all limits, then counts on all. False if a block has to be made resident first.</summary>
    public bool TryHold(IReadOnlyDictionary<string, long> add, Decision decision)
    {
        PlanModel plan = levels.Plans[0] ?? new PlanModel("", []);
        var touched = new List<(ReservedPart Part, CounterAccess Counter, LimitModel Limit, long Cost)>();
        foreach (ReservedPart part in reservation.Parts.DistinctBy(p => (p.Level, p.Limit, p.Unit, Convert.ToHexString(p.ValueId))).ToArray())
        {
            string unit = reservation.Units[part.Unit].Name;
            long cost = add.GetValueOrDefault(unit);
            if (cost == 0 || levels.Limit(part.Level, part.Limit) is not { } limit)
            {
                continue;
            }
            if (CounterAccess.TryFind(transaction, reservation.KeyIds[part.Level], part.ValueId, part.Limit, unit, out CounterAccess? counter) && counter.Value.Shape == limit.Shape)
            {
                touched.Add((part, counter.Value, limit, cost));
            }
            else if (transaction.Missing is not null)
            {
                return false;
            }
        }
        Span<LimitResult> results = decision.ResultBuffer(touched.Count);
        for (int level = 0; level < levels.Keys.Count; level++)
        {
            decision.SetLevel(level, levels.Plans[level] ?? plan, levels.Keys[level]);
        }
        int deciding = -1;
        for (int i = 0; i < touched.Count; i++)
        {
            (ReservedPart part, CounterAccess counter, LimitModel limit, long cost) = touched[i];
            long retryNs = Counter.Evaluate(limit, counter.Counter, cost, transaction.Now);
            results[i] = new LimitResult
            {
                Level = (byte)part.Level,
                LimitIndex = Array.IndexOf(levels.Plans[part.Level]!.Limits, limit),
                Exceeded = retryNs != Counter.HasRoom,
                RetryAfterMs = retryNs == Counter.HasRoom ? 0 : retryNs == Counter.Never ? LimitResult.Never : Duration.CeilMs(retryNs),
            };
            if (results[i].Exceeded && limit.Mode == LimitMode.Enforce && (deciding < 0 || (ulong)results[i].RetryAfterMs > (ulong)results[deciding].RetryAfterMs))
            {
                deciding = i;
            }
        }
        for (int i = 0; i < touched.Count; i++)
        {
            (ReservedPart part, CounterAccess counter, LimitModel limit, long cost) = touched[i];
            if (deciding < 0 && !results[i].Exceeded)
            {
                Counter.Count(counter.Shape, counter.Counter, cost, transaction.Now);
                counter.MarkWritten();
                reservation.Parts.Add(part with { Held = cost, At = transaction.Now });
            }
            Counter.Describe(limit, counter.Counter, transaction.Now, out results[i].Amount, out results[i].Remaining, out long resetNs);
            results[i].ResetAfterMs = Duration.CeilMs(resetNs);
        }
        for (int unit = 0; unit < reservation.Units.Count && deciding < 0; unit++)
        {
            ReservedUnit held = reservation.Units[unit];
            reservation.Units[unit] = held with { Estimate = held.Estimate + add.GetValueOrDefault(held.Name) };
        }
        decision.Decide(plan, deciding);
        return true;
    }
}
