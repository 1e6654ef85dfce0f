using System.Numerics;
using Quota.Grains.Model;
using Quota.Silo.Journal;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Puts accepted decisions into the journal. Called under the shard's gate, before the decision is counted: if it returns false,
/// nothing has changed anywhere.
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
    /// <param name="shard">Holds the blocks.</param>
    /// <param name="keyBlock">The key's own block, if a limit without <c>per</c> counts.</param>
    /// <param name="valueBlocks">By limit: its block, for limits that count per attribute value.</param>
    /// <param name="countMask">The limits that count.</param>
    /// <param name="command">The check.</param>
    /// <param name="position">What to wait for.</param>
    public bool TryKeep(Shard shard, int keyBlock, ReadOnlySpan<int> valueBlocks, uint countMask, in GrainCommand command, out long position)
    {
        PlanModel plan = command.Plan;
        uint keyMask = plan.LayoutMask(countMask & ~plan.PerMask);
        uint values = countMask & plan.PerMask;
        int blocks = BitOperations.PopCount(values) + (keyMask != 0 ? 1 : 0);
        int size = DecisionRecord.HeadBytes + (keyMask != 0 ? BlockBytes(shard, keyBlock) : 0);
        for (uint rest = values; rest != 0; rest &= rest - 1)
        {
            size += BlockBytes(shard, valueBlocks[BitOperations.TrailingZeroCount(rest)]);
        }
        Span<byte> record = shard.RecordScratch(size);
        int n = DecisionRecord.WriteHead(record, blocks, command.Now, command.Cost);
        if (keyMask != 0)
        {
            n += WriteBlock(shard, keyBlock, keyMask, record[n..]);
        }
        for (uint rest = values; rest != 0; rest &= rest - 1)
        {
            n += WriteBlock(shard, valueBlocks[BitOperations.TrailingZeroCount(rest)], 1, record[n..]);
        }
        if (!_journal.TryAppend(record[..n], out position))
        {
            return false;
        }
        if (keyMask != 0)
        {
            shard.MarkJournaled(keyBlock);
        }
        for (uint rest = values; rest != 0; rest &= rest - 1)
        {
            shard.MarkJournaled(valueBlocks[BitOperations.TrailingZeroCount(rest)]);
        }
        return true;
    }

    private static int BlockBytes(Shard shard, int block)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        return DecisionRecord.BlockBytes(entry.IdLength, entry.StateLength, (entry.Flags & BlockFlags.Imaged) == 0);
    }

    private int WriteBlock(Shard shard, int block, uint mask, Span<byte> target)
    {
        ref BlockEntry entry = ref shard.Entry(block);
        return (entry.Flags & BlockFlags.Imaged) != 0
            ? DecisionRecord.WriteBlock(target, shard.Id(block), mask, null, default)
            : DecisionRecord.WriteBlock(target, shard.Id(block), mask, _layouts[entry.Layout].Id, shard.State(block));
    }

    private bool AnnounceLayout(CounterLayout layout)
    {
        byte[] record = [(byte)JournalRecordKind.Layout, .. layout.Encoded];
        return _journal.TryAppend(record, out _);
    }
}
