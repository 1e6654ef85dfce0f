using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Usage;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Decides a check whose gates are held: finds its blocks on every level, asks every limit, keeps the decision, counts. Either all
/// of that happens or nothing changes.
/// </summary>
internal sealed class CheckDecider(BlockFinder finder, DecisionKeeper keeper, RequestMemory memory, CheckEvents events)
{
    /// <summary>Decides, or says what has to be cleared outside the gates first.</summary>
    /// <param name="scratch">The check's levels.</param>
    /// <param name="command">The check.</param>
    /// <param name="decision">Takes the answer.</param>
    /// <param name="obstacle">If there is one, nothing is decided.</param>
    /// <returns>False if the journal does not take the decision; then nothing has changed.</returns>
    public bool TryDecide(CheckScratch scratch, in GrainCommand command, Decision decision, out CheckObstacle obstacle)
    {
        obstacle = default;
        scratch.BeginAttempt();
        if (!command.RequestId.IsEmpty && !command.IsPeek && (memory.TryRepeat(scratch, command, decision, out obstacle) || obstacle.Exists))
        {
            return true;
        }
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            if (!finder.TryFind(scratch.Levels[i], i, command, out obstacle))
            {
                return false;
            }
            if (obstacle.Exists)
            {
                return true;
            }
        }
        int deciding = Evaluate(scratch, command, decision);
        bool isPeek = command.IsPeek || CostVector.IsPeek(command.Costs);
        if (deciding < 0 && !isPeek)
        {
            CheckEvents.Stage(scratch, command, out obstacle);
            if (obstacle.Exists)
            {
                return true;
            }
            if (!TryCount(scratch, command, decision))
            {
                return false;
            }
            if (decision.Status != DecisionStatus.Pending)
            {
                return true;
            }
        }
        else
        {
            Describe(scratch, decision, command.Now);
        }
        if (!isPeek)
        {
            NoteRefusals(scratch, decision, deciding, command.Now);
        }
        decision.Decide(command.Plan, deciding);
        return true;
    }

    /// <summary>Asks every limit of every level. Returns the result that decides a refusal, or -1.</summary>
    internal static int Evaluate(CheckScratch scratch, in GrainCommand command, Decision decision)
    {
        int total = 0;
        foreach (CheckLevel level in scratch.Levels)
        {
            level.FirstResult = total;
            total += level.ResultCount;
        }
        Span<LimitResult> results = decision.ResultBuffer(total);
        int deciding = -1;
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            CheckLevel level = scratch.Levels[i];
            Span<LimitResult> mine = results.Slice(level.FirstResult, level.ResultCount);
            ShardState state = level.State;
            level.Verdict = Grain.Evaluate(level.Plan, level.Applicable, ref state, level.Costs, command.Now, mine);
            decision.SetLevel(i, level.Plan, level.KeyUtf8);
            if (i > 0)
            {
                foreach (ref LimitResult result in mine)
                {
                    result.Level = (byte)i;
                }
            }
            if (!level.Verdict.Allowed)
            {
                int at = level.FirstResult + BitOperations.PopCount(level.Applicable & ((1u << level.Verdict.DecidingLimit) - 1));
                // Never is -1, the longest when compared unsigned.
                deciding = deciding < 0 || (ulong)results[at].RetryAfterMs > (ulong)results[deciding].RetryAfterMs ? at : deciding;
            }
        }
        return deciding;
    }

    private bool TryCount(CheckScratch scratch, in GrainCommand command, Decision decision)
    {
        bool isHeld = command.Hold is not null;
        bool isRemembered = !command.RequestId.IsEmpty || isHeld;
        foreach (CheckLevel level in scratch.Levels)
        {
            level.Pending?.Install(level.Shard);
            level.Pending = null;
        }
        if (isRemembered)
        {
            // What is remembered of the answer goes into the same journal record as the decision, so it has to be known before anything is counted.
            DescribeCounted(scratch, decision, command.Now);
            if (!memory.TryAdd(scratch, command, decision))
            {
                return true;
            }
        }
        int size = DecisionKeeper.RecordBytes(scratch);
        if (size > Bounds.JournalRecordBytesMax)
        {
            decision.Reject(DecisionStatus.InvalidArgument, "attributes", "are too long for all the counters that one decision has to keep");
            return true;
        }
        if (!keeper.TryKeep(scratch, size, isHeld, command.Now, out long position))
        {
            return false;
        }
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            CountLevel(scratch.Levels[i], isHeld, i > 0, command.Now);
        }
        if (scratch.NewRecords.Count > 0)
        {
            memory.Install(scratch, command.Now);
            events.Announce(scratch, command.Now);
        }
        if (!isRemembered)
        {
            Describe(scratch, decision, command.Now);
        }
        decision.JournalPosition = position;
        return true;
    }

    internal static void CountLevel(CheckLevel level, bool isHeld, bool isRolledUp, in Instant now)
    {
        ShardState state = level.State;
        Grain.Count(level.Plan, ref state, level.Verdict.CountMask, level.Costs, now);
        if (level.Layout.Usage is null || isHeld)
        {
            return;
        }
        Span<byte> block = state.Key;
        for (int unit = 0; unit < level.Plan.Units.Length; unit++)
        {
            if (level.Costs[unit] > 0)
            {
                UsageSection.Use(level.Layout, block, level.Verdict.CountMask & level.Plan.UnitMask(unit), unit, level.Costs[unit], isRolledUp, now);
            }
        }
    }

    internal static void Describe(CheckScratch scratch, Decision decision, in Instant now)
    {
        foreach (CheckLevel level in scratch.Levels)
        {
            ShardState state = level.State;
            Grain.Describe(level.Plan, level.Applicable, ref state, now, decision.ResultBuffer(decision.Results.Length).Slice(level.FirstResult, level.ResultCount));
        }
    }

    /// <summary>Describes the limits as they will be once the decision has counted, by counting on a copy.</summary>
    private static void DescribeCounted(CheckScratch scratch, Decision decision, in Instant now)
    {
        Span<LimitResult> results = decision.ResultBuffer(decision.Results.Length);
        foreach (CheckLevel level in scratch.Levels)
        {
            int size = 0;
            for (uint rest = level.Applicable; rest != 0; rest &= rest - 1)
            {
                size += level.Plan.Limits[BitOperations.TrailingZeroCount(rest)].Shape.SizeBytes;
            }
            ShardState state = level.State;
            var copy = new CopiedState(level.Plan, level.Applicable, scratch.Take(size, out _), ref state);
            Grain.Count(level.Plan, ref copy, level.Verdict.CountMask, level.Costs, now);
            Grain.Describe(level.Plan, level.Applicable, ref copy, now, results.Slice(level.FirstResult, level.ResultCount));
            scratch.GiveBack(size);
        }
    }

    /// <summary>
    /// Notes what was refused, and what shadow limits would have refused: in units on the key itself, so that a sum over keys counts
    /// it once, and on the limit that decided wherever it is. These are statistics: they go to the store with the counters, and are
    /// not journaled.
    /// </summary>
    internal static void NoteRefusals(CheckScratch scratch, Decision decision, int deciding, in Instant now)
    {
        ReadOnlySpan<LimitResult> results = decision.Results;
        if (deciding >= 0)
        {
            CheckLevel decided = scratch.Levels[results[deciding].Level];
            int limit = results[deciding].LimitIndex;
            Note(decided, RefusalColumn.Denied, -1, 1u << limit, decided.Costs[decided.Plan.UnitOf(limit)], now);
            CheckLevel own = scratch.Levels[0];
            for (int unit = 0; unit < own.Plan.Units.Length; unit++)
            {
                Note(own, RefusalColumn.Denied, unit, 0, own.Costs[unit], now);
            }
            return;
        }
        uint units = 0;
        foreach (CheckLevel level in scratch.Levels)
        {
            for (uint rest = ExceededShadow(level, results); rest != 0; rest &= rest - 1)
            {
                int limit = BitOperations.TrailingZeroCount(rest);
                int unit = level.Plan.UnitOf(limit);
                Note(level, RefusalColumn.WouldDeny, -1, 1u << limit, level.Costs[unit], now);
                int own = scratch.Levels[0].Plan.FindUnit(level.Plan.UnitsUtf8[unit]);
                units |= own < 0 ? 0 : 1u << own;
            }
        }
        for (uint rest = units; rest != 0; rest &= rest - 1)
        {
            int unit = BitOperations.TrailingZeroCount(rest);
            Note(scratch.Levels[0], RefusalColumn.WouldDeny, unit, 0, scratch.Levels[0].Costs[unit], now);
        }
    }

    private static void Note(CheckLevel level, RefusalColumn column, int unit, uint mask, long units, in Instant now)
    {
        if (units > 0 && level.Layout.Usage is not null && level.Pending is null)
        {
            UsageSection.NoteRefusal(level.Layout, level.Shard.State(level.KeyBlock), column, unit, mask, units, now);
            level.Shard.MarkDirty(level.KeyBlock);
        }
    }

    private static uint ExceededShadow(CheckLevel level, ReadOnlySpan<LimitResult> results)
    {
        if ((level.Applicable & level.Plan.ShadowMask) == 0)
        {
            return 0;
        }
        uint mask = 0;
        foreach (ref readonly LimitResult result in results.Slice(level.FirstResult, level.ResultCount))
        {
            mask |= result.Exceeded ? 1u << result.LimitIndex : 0;
        }
        return mask & level.Plan.ShadowMask;
    }
}
