using System.Numerics;
using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local.Operations;

namespace Quota.Silo.Execution.Local;

/// <summary>The threshold events of checks: found before a check counts, so that their records go into its journal record.</summary>
internal sealed class CheckEvents(EventRaiser raiser)
{
    /// <summary>Adds the records of the thresholds that this check is about to reach.</summary>
    /// <param name="scratch">The check, evaluated on all levels and accepted.</param>
    /// <param name="command">The check.</param>
    /// <param name="obstacle">Set if it has to be known first whether the store holds a record.</param>
    public static void Stage(CheckScratch scratch, in GrainCommand command, out CheckObstacle obstacle)
    {
        obstacle = default;
        scratch.Raised.Clear();
        for (int i = 0; i < scratch.Levels.Length; i++)
        {
            CheckLevel level = scratch.Levels[i];
            for (uint rest = level.Verdict.CountMask & level.Plan.ThresholdMask; rest != 0; rest &= rest - 1)
            {
                int index = BitOperations.TrailingZeroCount(rest);
                LimitModel limit = level.Plan.Limits[index];
                ReadOnlySpan<byte> counter = level.State.Counter(index);
                long used = Counter.Used(limit.Shape, counter, command.Now);
                long amount = Counter.Capacity(limit, counter, command.Now);
                long cost = level.Costs[level.Plan.UnitOf(index)];
                uint reached = Threshold.Reached(limit, amount, used, used + cost);
                if (reached != 0 && !TryAdd(scratch, command, i, new ReachedThreshold(i, limit, reached, amount, used + cost, Values(limit, command.Attributes)), out obstacle))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Tells of the events; the decision is in the journal.</summary>
    public void Announce(CheckScratch scratch, in Instant now)
    {
        if (scratch.Raised.Count > 0)
        {
            raiser.Announce(scratch.Raised, now);
            scratch.Raised.Clear();
        }
    }

    private static bool TryAdd(CheckScratch scratch, in GrainCommand command, int number, ReachedThreshold crossing, out CheckObstacle obstacle)
    {
        obstacle = default;
        CheckLevel level = scratch.Levels[number];
        byte[] key = number == 0 ? command.Key.ToArray() : level.KeyUtf8;
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        foreach (ThresholdEvent content in EventRaiser.Contents(command.Namespace, key, level.Plan, crossing, command.Now))
        {
            byte[] id = room[..EventRaiser.WriteId(room, command.Namespace, key, content)].ToArray();
            int block = level.Shard.Find(KeyHash.Compute(id), id);
            bool isDeleted = block != Shard.NotFound && RecordHead.IsTombstone(level.Shard.State(block));
            if (block != Shard.NotFound && !isDeleted)
            {
                continue;
            }
            if (!isDeleted && !scratch.IsAbsent(level.Shard, id))
            {
                scratch.Wanted = id;
                obstacle = new CheckObstacle(CheckObstacle.Kinds.Record, number, 0, level.Shard.Departures);
                return false;
            }
            byte[] state = EventRaiser.Encode(command.Namespace, content, command.Now);
            scratch.Add(level.Shard, id, state);
            scratch.Raised.Add(new RaisedEvent(command.Namespace, id, content));
        }
        return true;
    }

    private static List<KeyValuePair<string, string>> Values(LimitModel limit, in AttributeSet attributes)
    {
        var values = new List<KeyValuePair<string, string>>(limit.Per.Count);
        for (int i = 0; i < limit.Per.Count; i++)
        {
            attributes.TryGet(limit.PerUtf8[i], out ReadOnlySpan<byte> value);
            values.Add(KeyValuePair.Create(limit.Per[i], Encoding.UTF8.GetString(value)));
        }
        return values;
    }
}
