using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;

namespace Quota.Silo.Execution.Local;

/// <summary>Finds the blocks of one level of a check, and brings them to the layout of the plan. Used under the gates of the check.</summary>
internal sealed class BlockFinder(KeyTable table, DecisionKeeper keeper)
{
    /// <summary>Finds every block the level touches. False if the journal takes no layout; otherwise the first obstacle, if there is one.</summary>
    public bool TryFind(CheckLevel level, int number, in GrainCommand command, out CheckObstacle obstacle)
    {
        obstacle = default;
        uint seconds = KeyTable.Seconds(command.Now);
        if (level.UsesKeyBlock)
        {
            level.KeyBlock = level.Shard.Find(level.KeyHash, level.KeyId);
            if (level.KeyBlock == Shard.NotFound)
            {
                obstacle = new CheckObstacle(CheckObstacle.Kinds.KeyBlock, number, 0, level.Shard.Departures);
                return true;
            }
            if (!TryRenew(level.Shard, level.KeyBlock, level.Plan.Layout))
            {
                return false;
            }
            CounterLayout current = table.Layouts[level.Shard.Entry(level.KeyBlock).Layout];
            bool fits = Fits(current, level.Plan.Layout, command.Namespace);
            if (current.Usage is not null)
            {
                ReadOnlySpan<byte> state = level.Shard.State(level.KeyBlock);
                // A peek notes nothing, so it may look past a day that is over.
                if (fits ? !command.IsPeek && UsageSection.IsDue(current, state, command.Now) : !UsageSection.IsEmpty(current, state))
                {
                    obstacle = new CheckObstacle(CheckObstacle.Kinds.UsageDue, number, 0, 0);
                    return true;
                }
            }
            level.Layout = current;
            level.Shard.Entry(level.KeyBlock).TouchedSeconds = seconds;
            if (!fits)
            {
                if (!TryRelayout(level, level.KeyBlock, current, level.Plan.Layout, command, out CounterLayout? target))
                {
                    return false;
                }
                level.Layout = target!;
            }
        }
        return (level.Applicable & level.Plan.PerMask) == 0 || TryFindValues(level, number, command, seconds, ref obstacle);
    }

    private bool TryFindValues(CheckLevel level, int number, in GrainCommand command, uint seconds, ref CheckObstacle obstacle)
    {
        Span<byte> buffer = stackalloc byte[Bounds.GrainIdBytesMax];
        ReadOnlySpan<byte> key = number == 0 ? command.Key : level.KeyUtf8;
        for (uint rest = level.Applicable & level.Plan.PerMask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            ReadOnlySpan<byte> id = buffer[..GrainId.WriteValue(buffer, command.Namespace.NameUtf8, key, level.Plan.Limits[i], command.Attributes)];
            int block = level.ValueBlocks[i] = level.Shard.Find(KeyHash.Compute(id), id);
            if (block == Shard.NotFound)
            {
                obstacle = new CheckObstacle(CheckObstacle.Kinds.ValueBlock, number, i, level.Shard.Departures);
                return true;
            }
            level.Shard.Entry(block).TouchedSeconds = seconds;
            if (!TryRenew(level.Shard, block, level.Plan.PerLayout(i)))
            {
                return false;
            }
            CounterLayout current = table.Layouts[level.Shard.Entry(block).Layout];
            if (!Fits(current, level.Plan.PerLayout(i), command.Namespace)
                && !TryRelayout(level, block, current, level.Plan.PerLayout(i), command, out _))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// A block that was deleted is a new one for whoever asks for it. The store has none, or will have none before long, and the
    /// first record that counts on it carries its bytes. False if the journal takes no layout.
    /// </summary>
    private bool TryRenew(Shard shard, int block, CounterLayout plan)
    {
        if (!table.Layouts[shard.Entry(block).Layout].IsRecord)
        {
            return true;
        }
        Invariant.Check(RecordHead.IsTombstone(shard.State(block)));
        if (!keeper.TryGetNumber(plan, out int number))
        {
            return false;
        }
        shard.Relayout(block, number, new byte[plan.SizeBytes]);
        return true;
    }

    /// <summary>Whether a block of this layout can be counted on under the plan as it is; a limit that was deleted leaves nothing behind.</summary>
    private static bool Fits(CounterLayout current, CounterLayout plan, NamespaceModel owner)
    {
        if (current.Id == plan.Id)
        {
            return true;
        }
        if (!current.StartsWith(plan))
        {
            return false;
        }
        foreach (CounterShape shape in current.Shapes.AsSpan(plan.Shapes.Length))
        {
            if (!owner.Counters.Contains(shape))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Brings a block to the plan's layout, if the key was under another plan when it was counted on last. A plan that the
    /// configuration says is in force from the first touch on, whatever that touch is answered; one that only the request names
    /// changes nothing unless the check counts, so it is made ready in <see cref="CheckLevel.Pending"/>.
    /// </summary>
    private bool TryRelayout(CheckLevel level, int block, CounterLayout current, CounterLayout plan, in GrainCommand command, out CounterLayout? target)
    {
        Shard shard = level.Shard;
        target = CounterMigration.Target(current, shard.State(block), plan, command.Namespace.Counters, command.Now);
        if (!keeper.TryGetNumber(target, out int number))
        {
            return false;
        }
        byte[] migrated = new byte[target.SizeBytes];
        CounterMigration.Migrate(current, shard.State(block), target, migrated, command.Now);
        if (level.IsPlanConfigured)
        {
            shard.Relayout(block, number, migrated);
            // To the store, so that an eviction does not bring back counters that would be forgotten by the old plan's periods.
            shard.MarkDirty(block);
        }
        else
        {
            (level.Pending ??= new PendingRelayout()).Add(block, number, migrated);
        }
        return true;
    }
}
