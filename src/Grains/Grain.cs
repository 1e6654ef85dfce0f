using System.Numerics;
using Quota.Grains.Counters;
using Quota.Grains.Model;

namespace Quota.Grains;

/// <summary>
/// The state machine of one key. Deterministic: what it answers and writes depends on the plan, the counters, the command and
/// the instant, on nothing else. A check looks at every limit before it counts on any, so a refusal leaves every byte as it was.
/// <para>
/// An executor that must keep a decision before it takes effect calls <see cref="Evaluate"/>, keeps the verdict's mask, then
/// calls <see cref="Count"/>; <see cref="Apply"/> is the two in one step. Replaying a kept decision is counting with its mask:
/// it needs no plan, only the layout of the block (<see cref="CountBlock"/>).
/// </para>
/// </summary>
public static class Grain
{
    /// <summary>Decides and counts in one step.</summary>
    /// <inheritdoc cref="Evaluate"/>
    public static GrainVerdict Apply<TState>(PlanModel plan, uint applicable, scoped ref TState state, in CostVector costs, in Instant now, Span<LimitResult> results)
        where TState : IGrainState, allows ref struct
    {
        GrainVerdict verdict = Evaluate(plan, applicable, ref state, costs, now, results);
        Count(plan, ref state, verdict.CountMask, costs, now);
        Describe(plan, applicable, ref state, now, results);
        return verdict;
    }

    /// <summary>
    /// Decides without counting. Changes nothing.
    /// </summary>
    /// <param name="plan">The plan that is in force for the key.</param>
    /// <param name="applicable">The limits the check touches (<see cref="PlanModel.Applicable"/>, <see cref="PlanModel.Named"/>).</param>
    /// <param name="state">The counters.</param>
    /// <param name="costs">Units; all 0 peeks. A unit that an applicable limit counts is named.</param>
    /// <param name="now">The instant of the decision.</param>
    /// <param name="results">One element per applicable limit is written, in plan order; completed by <see cref="Describe"/>.</param>
    public static GrainVerdict Evaluate<TState>(PlanModel plan, uint applicable, scoped ref TState state, in CostVector costs, in Instant now, Span<LimitResult> results)
        where TState : IGrainState, allows ref struct
    {
        int deciding = -1;
        long longestRetry = 0;
        uint exceeded = 0;
        uint counted = 0;
        int n = 0;
        for (uint rest = applicable; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            ref LimitResult result = ref results[n++];
            result.LimitIndex = i;
            result.Level = 0;
            long cost = costs[plan.UnitOf(i)];
            Invariant.Check(cost >= 0);
            counted |= cost > 0 ? 1u << i : 0;
            long retryNs = Counter.Evaluate(plan.Limits[i], state.Counter(i), cost, now);
            result.Exceeded = retryNs != Counter.HasRoom;
            if (!result.Exceeded)
            {
                result.RetryAfterMs = 0;
                continue;
            }
            exceeded |= 1u << i;
            result.RetryAfterMs = retryNs == Counter.Never ? LimitResult.Never : Duration.CeilMs(retryNs);
            if ((plan.ShadowMask >> i & 1) == 0 && (deciding < 0 || (ulong)result.RetryAfterMs > (ulong)longestRetry))
            {
                // Never is -1, the largest when compared unsigned.
                deciding = i;
                longestRetry = result.RetryAfterMs;
            }
        }
        bool allowed = deciding < 0;
        return new GrainVerdict(allowed, deciding, allowed ? counted & ~exceeded : 0);
    }

    /// <summary>Counts on the limits of <paramref name="mask"/>, each the cost in its unit.</summary>
    public static void Count<TState>(PlanModel plan, scoped ref TState state, uint mask, in CostVector costs, in Instant now)
        where TState : IGrainState, allows ref struct
    {
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            Counter.Count(plan.Limits[i].Shape, state.Counter(i), costs[plan.UnitOf(i)], now);
        }
    }

    /// <summary>Counts on the counters of <paramref name="mask"/> (bit i for counter i of the layout): the replay of a kept decision.</summary>
    public static void CountBlock(CounterLayout layout, Span<byte> block, uint mask, long cost, in Instant now)
    {
        Invariant.Check(layout.SizeBytes == block.Length);
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            Counter.Count(layout.Shapes[i], layout.Counter(block, i), cost, now);
        }
    }

    /// <summary>Completes the results with what remains and when the limit resets, as of the state after the decision.</summary>
    public static void Describe<TState>(PlanModel plan, uint applicable, scoped ref TState state, in Instant now, Span<LimitResult> results)
        where TState : IGrainState, allows ref struct
    {
        int n = 0;
        for (uint rest = applicable; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            ref LimitResult result = ref results[n++];
            Counter.Describe(plan.Limits[i], state.Counter(i), now, out result.Amount, out result.Remaining, out long resetNs);
            result.ResetAfterMs = Duration.CeilMs(resetNs);
        }
    }
}
