using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>
/// Ends a reservation, or holds more of it, as part of a transaction. What it held is given back to the instants it was counted at;
/// what the true cost is more is counted now. Usage is the true cost, at the instant the reservation was made.
/// </summary>
internal sealed class SettleStep(GrainTransaction transaction, KeyLevels levels, ReservationState reservation)
{
    private readonly List<LimitLevel> _limits = [];

    /// <summary>The limits as the step leaves them.</summary>
    public IReadOnlyList<LimitLevel> Limits => _limits;

    /// <summary>Threshold events of quotas that an over-run made reach one.</summary>
    public List<ReachedThreshold> Reached { get; } = [];

    /// <summary>The limit that refuses the over-run, and its level; null if none does.</summary>
    public (LimitModel Limit, int Level)? Refusal { get; private set; }

    /// <summary>Brings every limit from what is held to the true cost.</summary>
    /// <param name="costs">By unit of the reservation.</param>
    /// <param name="refuses">Whether a limit may refuse an over-run; an expired reservation is not asked.</param>
    /// <returns>False if a block has to be made resident first, or a limit refused.</returns>
    public bool TryAdjustCounters(IReadOnlyList<long> costs, bool refuses)
    {
        foreach (IGrouping<(int Level, string Limit, int Unit, string Value), ReservedPart> group in reservation.Parts.GroupBy(p => (p.Level, p.Limit, p.Unit, Convert.ToHexString(p.ValueId))))
        {
            ReservedPart[] parts = [.. group];
            string unit = reservation.Units[parts[0].Unit].Name;
            if (!CounterAccess.TryFind(transaction, reservation.KeyIds[parts[0].Level], parts[0].ValueId, parts[0].Limit, unit, out CounterAccess? found))
            {
                if (transaction.Missing is not null)
                {
                    return false;
                }
                continue;
            }
            CounterAccess counter = found.Value;
            LimitModel? limit = levels.Limit(parts[0].Level, parts[0].Limit);
            // What a concurrency limit holds, it holds until the end, and then nothing.
            long cost = counter.Shape.Algorithm == LimitAlgorithm.Concurrency ? 0 : costs[parts[0].Unit];
            long delta = cost - parts.Sum(p => p.Held);
            if (delta < 0)
            {
                GiveBack(counter, parts, -delta);
            }
            else if (delta > 0 && !TryCountMore(counter, limit, parts[0].Level, delta, refuses))
            {
                return false;
            }
            Describe(counter, limit, parts[0].Level);
        }
        return true;
    }

    /// <summary>Books the true cost as used, on every level.</summary>
    public bool TryBook(IReadOnlyList<long> costs)
    {
        for (int level = 0; level < reservation.KeyIds.Count; level++)
        {
            var book = new UsageBook(transaction, levels.Owner, reservation.KeyIds[level]);
            for (int unit = 0; unit < reservation.Units.Count; unit++)
            {
                string[] limits = [.. reservation.Parts.Where(p => p.Level == level && p.Unit == unit).Select(p => p.Limit).Distinct()];
                if (!book.TryUse(reservation.Units[unit].Name, costs[unit], limits, level > 0, reservation.MadeAt))
                {
                    if (transaction.Missing is not null)
                    {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    private void GiveBack(in CounterAccess counter, ReservedPart[] parts, long units)
    {
        // The latest first: what was counted first has left its window first.
        for (int i = parts.Length - 1; i >= 0 && units > 0; i--)
        {
            long from = Math.Min(units, parts[i].Held);
            Counter.Uncount(counter.Shape, counter.Counter, from, parts[i].At, transaction.Now);
            units -= from;
        }
        counter.MarkWritten();
    }

    private bool TryCountMore(in CounterAccess counter, LimitModel? limit, int level, long units, bool refuses)
    {
        Instant now = transaction.Now;
        bool isCurrent = limit is not null && limit.Shape == counter.Shape;
        if (isCurrent && refuses && limit!.Overrun == OverrunPolicy.Refuse && limit.Mode == LimitMode.Enforce
            && Counter.Evaluate(limit, counter.Counter, units, now) != Counter.HasRoom)
        {
            Refusal = (limit, level);
            return false;
        }
        long before = Counter.Used(counter.Shape, counter.Counter, now);
        if (isCurrent && limit!.Overrun == OverrunPolicy.Cap)
        {
            units = Math.Clamp(Counter.Capacity(limit, counter.Counter, now) - before, 0, units);
        }
        Counter.Count(counter.Shape, counter.Counter, units, now);
        counter.MarkWritten();
        if (isCurrent && limit!.Thresholds.Length > 0)
        {
            long amount = Counter.Capacity(limit, counter.Counter, now);
            uint reached = Threshold.Reached(limit, amount, before, before + units);
            if (reached != 0)
            {
                Reached.Add(new ReachedThreshold(level, limit, reached, amount, before + units, []));
            }
        }
        return true;
    }

    private void Describe(in CounterAccess counter, LimitModel? limit, int level)
    {
        if (limit is not null)
        {
            _limits.Add(counter.Describe(limit, level, level < levels.Keys.Count ? levels.Keys[level] : default, transaction.Now));
        }
    }
}
