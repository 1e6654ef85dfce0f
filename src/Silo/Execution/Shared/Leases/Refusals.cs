using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>What a silo remembers of a refusal that came from the store, in its own block.</summary>
internal static class Refusals
{
    /// <summary>Describes the limits of a block as the refusal described them; those that had no room refuse for a moment from here.</summary>
    public static void Describe(Decision decision, CheckBlock block, int level, CounterLayout layout, Span<byte> state, in Instant at)
    {
        foreach (ref readonly LimitResult result in decision.Results)
        {
            if (result.Level != level || (block.Limit < 0 ? block.Plan!.Limits[result.LimitIndex].Per.Count > 0 : result.LimitIndex != block.Limit))
            {
                continue;
            }
            Span<long> limit = LeaseBlock.Limit(layout, state, block.Limit < 0 ? result.LimitIndex : 0);
            limit.Clear();
            limit[LeaseCounter.Amount] = result.Amount;
            limit[LeaseCounter.Pool] = result.Remaining;
            limit[LeaseCounter.ResetAtNs] = at.WindowNs + Duration.NsFromMs(result.ResetAfterMs);
            if (result.Exceeded)
            {
                long retryNs = result.RetryAfterMs == LimitResult.Never ? long.MaxValue : Duration.NsFromMs(result.RetryAfterMs);
                limit[LeaseCounter.DeniedUntilNs] = at.WindowNs + Math.Min(retryNs, Bounds.DenialNsMax);
                limit[LeaseCounter.DeniedCost] = Math.Max(1, block.Costs[block.Plan!.UnitOf(result.LimitIndex)]);
            }
        }
    }

    /// <summary>Notes the refused units: on the key itself in units, on the limit that decided wherever it is.</summary>
    public static void Note(Decision decision, CheckBlock block, int level, CounterLayout layout, Span<byte> state, in Instant at)
    {
        if (layout.Usage is null || UsageSection.IsDue(layout, state, at))
        {
            return;
        }
        ref readonly LimitResult deciding = ref decision.Results[decision.DecidingResult];
        if (deciding.Level == level)
        {
            UsageSection.NoteRefusal(layout, state, RefusalColumn.Denied, -1, 1u << deciding.LimitIndex, Math.Max(0, block.Costs[block.Plan!.UnitOf(deciding.LimitIndex)]), at);
        }
        for (int unit = 0; level == 0 && unit < block.Plan!.Units.Length; unit++)
        {
            UsageSection.NoteRefusal(layout, state, RefusalColumn.Denied, unit, 0, Math.Max(0, block.Costs[unit]), at);
        }
    }
}
