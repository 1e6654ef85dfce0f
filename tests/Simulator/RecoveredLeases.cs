using Quota.Grains.Counters;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;

namespace Quota.Simulator;

/// <summary>The leases that a silo found in its journal, and when they were to end; for a planted bug that opens them again.</summary>
internal sealed class RecoveredLeases(KeyTable table)
{
    private readonly List<(Shard Shard, int Block, long EndNs)> _ends = [];

    /// <summary>Notes them, before the production classes look at them.</summary>
    public void Note()
    {
        foreach (Shard shard in table.Shards)
        {
            for (int block = 0; block < shard.EntryEnd; block++)
            {
                if (shard.Entry(block).Reference != 0 && LeaseBlock.IsLeased(table.Layouts[shard.Entry(block).Layout]))
                {
                    _ends.Add((shard, block, Head(shard, block)[LeaseHead.EndNs]));
                }
            }
        }
    }

    /// <summary>Gives them their ends back.</summary>
    public void Reopen()
    {
        foreach ((Shard shard, int block, long endNs) in _ends)
        {
            Head(shard, block)[LeaseHead.EndNs] = endNs;
        }
    }

    private Span<long> Head(Shard shard, int block) => LeaseBlock.Head(table.Layouts[shard.Entry(block).Layout], shard.State(block));
}
