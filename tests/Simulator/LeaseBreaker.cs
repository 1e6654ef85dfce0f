using Quota.Grains.Counters;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;

namespace Quota.Simulator;

/// <summary>Plants bugs in the leases that silos have in memory.</summary>
internal sealed class LeaseBreaker(Mutation mutation)
{
    private readonly Dictionary<(long Holder, long Id), long> _ends = [];

    /// <summary>After an event of a process.</summary>
    public void Break(IEnumerable<SimSilo> silos, Process? ran)
    {
        foreach (SimSilo silo in silos)
        {
            if (!ReferenceEquals(silo.Process, ran) || silo.Process.IsDead)
            {
                continue;
            }
            foreach (Shard shard in silo.Table.Shards)
            {
                for (int block = 0; block < shard.EntryEnd; block++)
                {
                    if (shard.Entry(block).Reference != 0 && silo.Table.Layouts[shard.Entry(block).Layout] is var layout && LeaseBlock.IsLeased(layout))
                    {
                        Break(silo.Holder, LeaseBlock.Head(layout, shard.State(block)));
                    }
                }
            }
        }
    }

    private void Break(long holder, Span<long> head)
    {
        long id = head[LeaseHead.Id];
        if (id == 0)
        {
            return;
        }
        if (head[LeaseHead.EndNs] != 0)
        {
            _ends[(holder, id)] = head[LeaseHead.EndNs];
            head[LeaseHead.EndNs] += mutation == Mutation.LeaseEndIgnored && head[LeaseHead.EndNs] < long.MaxValue / 2 ? long.MaxValue / 2 : 0;
        }
        else if (mutation == Mutation.LeaseNotClosed && _ends.TryGetValue((holder, id), out long end))
        {
            head[LeaseHead.EndNs] = end;
        }
    }
}
