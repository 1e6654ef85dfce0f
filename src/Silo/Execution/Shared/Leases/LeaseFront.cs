using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// Decides checks from leases, alone: the hot step of a silo in a cluster.
/// <para>
/// Safety. A permit that is spent here was counted in the grain, in the store, before it was handed out, in the same bucket, window or
/// period (a lease ends before those do); so no limit admits more than its amount, however many silos spend at once. What is
/// spent goes into this silo's journal before the answer leaves, exactly as the local executor does it; blocks are touched under
/// their shard's gate. A lease is closed by setting its end to 0 under the gate, after which nothing is spent from it, so what is
/// settled is final. A refusal is given alone only while the grain is known to have no room.
/// </para>
/// </summary>
internal sealed class LeaseFront(KeyTable table, DecisionKeeper keeper)
{
    /// <summary>Told of checks whose leases will soon not do any more; null if nobody renews them.</summary>
    public LeaseRenewer? Renewer { get; set; }

    /// <summary>Whether a check may be decided here at all: what has to be remembered or held, and peeks, need the store.</summary>
    public static bool IsEligible(in GrainCommand command) =>
        command.Namespace.Leases.Enabled && command.RequestId.IsEmpty && command.Hold is null && !command.IsPeek && !CostVector.IsPeek(command.Costs);

    /// <summary>Decides the check, if leases or refusals that are known here suffice. Otherwise false, and nothing has changed.</summary>
    public bool TryDecide(in GrainCommand command, Decision decision)
    {
        bool isDecided = TryDecide(command, decision, out bool isLow);
        if (isLow)
        {
            Renewer?.Ask(command);
        }
        return isDecided;
    }

    private bool TryDecide(in GrainCommand command, Decision decision, out bool isLow)
    {
        isLow = false;
        CheckScratch scratch = CheckScratch.Mine;
        scratch.Open(table, command, isLeased: true);
        scratch.Enter();
        try
        {
            for (int i = 0; i < scratch.Levels.Length; i++)
            {
                if (!TryFind(scratch.Levels[i], i, command))
                {
                    return false;
                }
            }
            CheckDecider.Evaluate(scratch, command, decision);
            if (!IsKnown(scratch, decision.Results, out int refusing))
            {
                return false;
            }
            if (refusing >= 0)
            {
                CheckDecider.Describe(scratch, decision, command.Now);
                CheckDecider.NoteRefusals(scratch, decision, refusing, command.Now);
                decision.Decide(command.Plan, refusing);
                return true;
            }
            if (!AreLive(scratch, command.Now) || !TryCount(scratch, command, decision))
            {
                return false;
            }
            isLow = IsLow(scratch, command);
            return true;
        }
        finally
        {
            scratch.Exit();
        }
    }

    private bool TryFind(CheckLevel level, int number, in GrainCommand command)
    {
        uint seconds = KeyTable.Seconds(command.Now);
        if (level.UsesKeyBlock)
        {
            int block = level.KeyBlock = level.Shard.Find(level.KeyHash, level.KeyId);
            if (block == Shard.NotFound || table.Layouts[level.Shard.Entry(block).Layout].Id != level.Plan.Layout.Id)
            {
                return false;
            }
            level.Layout = level.Plan.Layout;
            if (level.Layout.Usage is not null && UsageSection.IsDue(level.Layout, level.Shard.State(block), command.Now))
            {
                return false;
            }
            level.Shard.Entry(block).TouchedSeconds = seconds;
        }
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        ReadOnlySpan<byte> key = number == 0 ? command.Key : level.KeyUtf8;
        for (uint rest = level.Applicable & level.Plan.PerMask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            ReadOnlySpan<byte> id = room[..GrainId.WriteValue(room, command.Namespace.NameUtf8, key, level.Plan.Limits[i], command.Attributes)];
            int block = level.ValueBlocks[i] = level.Shard.Find(KeyHash.Compute(id), id);
            if (block == Shard.NotFound || table.Layouts[level.Shard.Entry(block).Layout].Id != level.Plan.PerLayout(i).Id)
            {
                return false;
            }
            level.Shard.Entry(block).TouchedSeconds = seconds;
        }
        return true;
    }

    /// <summary>
    /// Whether every limit that has no permits left is known to have no room in the grain either, or there is none such.
    /// <paramref name="refusing"/> is the enforced one of them with the longest wait, or -1. One refusal that is known is enough.
    /// </summary>
    private static bool IsKnown(CheckScratch scratch, ReadOnlySpan<LimitResult> results, out int refusing)
    {
        refusing = -1;
        bool isKnown = true;
        for (int i = 0; i < results.Length; i++)
        {
            ref readonly LimitResult result = ref results[i];
            if (!result.Exceeded)
            {
                continue;
            }
            CheckLevel level = scratch.Levels[result.Level];
            bool isEnforced = (level.Plan.ShadowMask >> result.LimitIndex & 1) == 0;
            if (result.RetryAfterMs == LimitResult.Never)
            {
                isKnown = false;
            }
            else if (isEnforced && (refusing < 0 || result.RetryAfterMs > results[refusing].RetryAfterMs))
            {
                refusing = i;
            }
        }
        return isKnown || refusing >= 0;
    }

    private static bool AreLive(CheckScratch scratch, in Instant now)
    {
        foreach (CheckLevel level in scratch.Levels)
        {
            if (level.UsesKeyBlock && LeaseBlock.Head(level.Layout, level.Shard.State(level.KeyBlock))[LeaseHead.EndNs] <= now.WindowNs)
            {
                return false;
            }
            for (uint rest = level.Applicable & level.Plan.PerMask; rest != 0; rest &= rest - 1)
            {
                int i = BitOperations.TrailingZeroCount(rest);
                if (LeaseBlock.Head(level.Plan.PerLayout(i), level.Shard.State(level.ValueBlocks[i]))[LeaseHead.EndNs] <= now.WindowNs)
                {
                    return false;
                }
            }
        }
        return true;
    }

    /// <summary>Whether a lease that was spent from is to be renewed, and nobody has seen to it yet.</summary>
    private static bool IsLow(CheckScratch scratch, in GrainCommand command)
    {
        long durationNs = Duration.NsFromMs(command.Namespace.Leases.DurationMs);
        foreach (CheckLevel level in scratch.Levels)
        {
            if (level.UsesKeyBlock && (level.Shard.Entry(level.KeyBlock).Flags & BlockFlags.Renewing) == 0 && LeaseBlock.IsLow(level.Layout, level.Shard.State(level.KeyBlock), command.Now, durationNs))
            {
                return true;
            }
            for (uint rest = level.Applicable & level.Plan.PerMask; rest != 0; rest &= rest - 1)
            {
                int i = BitOperations.TrailingZeroCount(rest);
                int block = level.ValueBlocks[i];
                if ((level.Shard.Entry(block).Flags & BlockFlags.Renewing) == 0 && LeaseBlock.IsLow(level.Plan.PerLayout(i), level.Shard.State(block), command.Now, durationNs))
                {
                    return true;
                }
            }
        }
        return false;
    }

    private bool TryCount(CheckScratch scratch, in GrainCommand command, Decision decision)
    {
        int size = DecisionKeeper.RecordBytes(scratch);
        if (size > Bounds.JournalRecordBytesMax)
        {
            return false;
        }
        if (!keeper.TryKeep(scratch, size, isHeld: false, command.Now, out long position))
        {
            // What cannot be kept here is kept by the store.
            return false;
        }
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            CheckDecider.CountLevel(scratch.Levels[i], isHeld: false, i > 0, command.Now);
        }
        CheckDecider.Describe(scratch, decision, command.Now);
        CheckDecider.NoteRefusals(scratch, decision, -1, command.Now);
        decision.JournalPosition = position;
        decision.Decide(command.Plan, -1);
        return true;
    }
}
