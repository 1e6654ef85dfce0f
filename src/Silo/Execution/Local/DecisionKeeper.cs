using System.Numerics;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Journal;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Puts accepted decisions into the journal. Called under the gates of the check, before the decision is counted: if it returns
/// false, nothing has changed anywhere.
/// </summary>
internal sealed class DecisionKeeper
{
    private readonly LayoutRegistry _layouts;
    private readonly IJournal _journal;
    private readonly Func<CounterLayout, bool> _announceLayout;

    public DecisionKeeper(LayoutRegistry layouts, IJournal journal)
    {
        _layouts = layouts;
        _journal = journal;
        _announceLayout = AnnounceLayout;
    }

    /// <summary>The number of a layout; one that is new goes into the journal first.</summary>
    public bool TryGetNumber(CounterLayout layout, out int number) => _layouts.TryGetNumber(layout, _announceLayout, out number);

    /// <summary>Appends the record of the decision and marks its blocks dirty.</summary>
    /// <param name="scratch">The check, evaluated on all levels and accepted.</param>
    /// <param name="size">Its <see cref="RecordBytes"/>.</param>
    /// <param name="isHeld">The units are held, not used.</param>
    /// <param name="now">The instant of the decision.</param>
    /// <param name="position">What to wait for.</param>
    public bool TryKeep(CheckScratch scratch, int size, bool isHeld, in Instant now, out long position)
    {
        Span<byte> record = scratch.Record(size);
        int n = DecisionRecord.HeadBytes;
        int parts = 0;
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            n += WriteLevel(scratch.Levels[i], (i > 0 ? DecisionRecord.RolledUpFlag : 0) | (isHeld ? DecisionRecord.HeldFlag : 0), record[n..], ref parts);
        }
        foreach (NewRecord added in scratch.NewRecords)
        {
            n += DecisionRecord.WritePart(record[n..], DecisionRecord.RecordFlag, 0, scratch.IdOf(added), 0, 0);
            n += DecisionRecord.WriteImage(record[n..], CounterLayout.Record.Id, scratch.StateOf(added));
            parts++;
        }
        DecisionRecord.WriteHead(record, parts, now);
        if (!_journal.TryAppend(record[..n], out position))
        {
            return false;
        }
        foreach (CheckLevel level in scratch.Levels)
        {
            if (IsKept(level))
            {
                level.Shard.MarkJournaled(level.KeyBlock);
            }
            for (uint rest = level.Verdict.CountMask & level.Plan.PerMask; rest != 0; rest &= rest - 1)
            {
                level.Shard.MarkJournaled(level.ValueBlocks[BitOperations.TrailingZeroCount(rest)]);
            }
        }
        return true;
    }

    /// <summary>An upper bound of the bytes of the decision's record.</summary>
    public static int RecordBytes(CheckScratch scratch)
    {
        int size = DecisionRecord.HeadBytes;
        foreach (CheckLevel level in scratch.Levels)
        {
            size += LevelBytes(level);
        }
        foreach (NewRecord added in scratch.NewRecords)
        {
            size += DecisionRecord.PartBytes(added.IdLength) + DecisionRecord.ImageBytes(added.StateLength);
        }
        return size;
    }

    /// <summary>Whether the decision changes the key's own block.</summary>
    private static bool IsKept(CheckLevel level) =>
        level.UsesKeyBlock && (level.Layout.Usage is not null || (level.Verdict.CountMask & ~level.Plan.PerMask) != 0);

    /// <summary>An upper bound of what <see cref="WriteLevel"/> writes.</summary>
    private static int LevelBytes(CheckLevel level)
    {
        int size = IsKept(level) ? BlockBytes(level.Shard, level.KeyBlock) + ((level.Plan.Units.Length - 1) * DecisionRecord.PartBytes(0)) : 0;
        for (uint rest = level.Verdict.CountMask & level.Plan.PerMask; rest != 0; rest &= rest - 1)
        {
            size += BlockBytes(level.Shard, level.ValueBlocks[BitOperations.TrailingZeroCount(rest)]);
        }
        return size;
    }

    private static int BlockBytes(Shard shard, int block)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        return DecisionRecord.PartBytes(entry.IdLength) + ((entry.Flags & BlockFlags.Imaged) == 0 ? DecisionRecord.ImageBytes(entry.StateLength) : 0);
    }

    private int WriteLevel(CheckLevel level, int flags, Span<byte> target, ref int parts)
    {
        PlanModel plan = level.Plan;
        uint counted = level.Verdict.CountMask;
        int n = 0;
        if (IsKept(level))
        {
            bool first = true;
            for (int unit = 0; unit < plan.Units.Length; unit++)
            {
                uint mask = counted & plan.UnitMask(unit);
                long cost = level.Costs[unit];
                if (cost <= 0 || (mask == 0 && level.Layout.Usage is null))
                {
                    continue;
                }
                n += first
                    ? WriteBlock(level.Shard, level.KeyBlock, flags, unit, mask, cost, target[n..])
                    : DecisionRecord.WritePart(target[n..], flags, unit, default, mask, cost);
                first = false;
                parts++;
            }
        }
        for (uint rest = counted & plan.PerMask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            n += WriteBlock(level.Shard, level.ValueBlocks[i], flags, 0, 1, level.Costs[plan.UnitOf(i)], target[n..]);
            parts++;
        }
        return n;
    }

    private int WriteBlock(Shard shard, int block, int flags, int unit, uint mask, long cost, Span<byte> target)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        if ((entry.Flags & BlockFlags.Imaged) != 0)
        {
            return DecisionRecord.WritePart(target, flags, unit, shard.Id(block), mask, cost);
        }
        int n = DecisionRecord.WritePart(target, flags | DecisionRecord.ImageFlag, unit, shard.Id(block), mask, cost);
        return n + DecisionRecord.WriteImage(target[n..], _layouts[entry.Layout].Id, shard.State(block));
    }

    private bool AnnounceLayout(CounterLayout layout)
    {
        byte[] record = [(byte)JournalRecordKind.Layout, .. layout.Encoded];
        return _journal.TryAppend(record, out _);
    }
}
