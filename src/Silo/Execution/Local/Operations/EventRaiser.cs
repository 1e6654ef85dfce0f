using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Events;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>
/// Makes the records of threshold events. A record is written in the same step as the count that reached the threshold, once per
/// threshold and period: its id is that of the crossing, and a record that exists already is left alone.
/// <para>Safe for concurrent use: stateless but for the schedule, which has a lock of its own, and for <see cref="Deferred"/>, whose owner is one thread at a time.</para>
/// </summary>
internal sealed class EventRaiser(EventSchedule schedule, EventLog log)
{
    /// <summary>If set, events wait here until <see cref="AnnounceDeferred"/>: their step may still come to nothing.</summary>
    public List<RaisedEvent>? Deferred { get; init; }

    /// <summary>Stages the events of a transaction. False if a block has to be made resident first.</summary>
    /// <param name="transaction">The step that counted.</param>
    /// <param name="levels">Its levels.</param>
    /// <param name="reached">What it reached.</param>
    /// <param name="raised">The events that are new; announce them once the step is made.</param>
    public static bool TryStage(GrainTransaction transaction, KeyLevels levels, IEnumerable<ReachedThreshold> reached, List<RaisedEvent> raised)
    {
        raised.Clear();
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        foreach (ReachedThreshold crossing in reached)
        {
            byte[] key = levels.Keys[crossing.Level];
            foreach (ThresholdEvent content in Contents(levels.Owner, key, levels.Plans[crossing.Level]!, crossing, transaction.Now))
            {
                ReadOnlySpan<byte> id = room[..WriteId(room, levels.Owner, key, content)];
                if (transaction.TryRead(id, out _))
                {
                    continue;
                }
                if (transaction.Missing is not null)
                {
                    return false;
                }
                byte[] state = Encode(levels.Owner, content, transaction.Now);
                transaction.Write(id, CounterLayout.Record, state);
                raised.Add(new RaisedEvent(levels.Owner, id.ToArray(), content));
            }
        }
        return true;
    }

    /// <summary>Tells of events whose records are in the journal: the log, and the dispatcher if there is a webhook.</summary>
    public void Announce(IEnumerable<RaisedEvent> raised, in Instant now)
    {
        if (Deferred is not null)
        {
            Deferred.AddRange(raised);
            return;
        }
        Tell(raised, now);
    }

    /// <summary>Tells of the events that waited.</summary>
    public void AnnounceDeferred(in Instant now)
    {
        Tell(Deferred!, now);
        Deferred!.Clear();
    }

    private void Tell(IEnumerable<RaisedEvent> raised, in Instant now)
    {
        foreach (RaisedEvent one in raised)
        {
            log.Raised(one.Content);
            if (one.Owner.Webhook is null)
            {
                continue;
            }
            if (schedule.TryReserve(one.Owner.Name))
            {
                schedule.Add(one.Owner.Name, one.RecordId, now.WindowNs);
            }
            else
            {
                log.QueueFull(one.Owner.Name);
            }
        }
    }

    /// <summary>The events of a crossing, one per threshold.</summary>
    public static IEnumerable<ThresholdEvent> Contents(NamespaceModel owner, byte[] key, PlanModel plan, ReachedThreshold crossing, Instant now)
    {
        CalendarPeriod period = crossing.Limit.Shape.Calendar!.PeriodAt(now.WallMs);
        for (int i = 0; i < crossing.Limit.Thresholds.Length; i++)
        {
            if ((crossing.Reached >> i & 1) != 0)
            {
                yield return new ThresholdEvent
                {
                    Namespace = owner.Name,
                    Key = Encoding.UTF8.GetString(key),
                    Plan = plan.Name,
                    Limit = crossing.Limit.Name,
                    Unit = crossing.Limit.Unit,
                    Attributes = crossing.Attributes,
                    ThresholdPercent = crossing.Limit.Thresholds[i],
                    Amount = crossing.Amount,
                    Used = crossing.Used,
                    PeriodStartMs = period.StartMs,
                    PeriodEndMs = period.EndMs,
                    AtMs = now.WallMs,
                };
            }
        }
    }

    /// <summary>Writes the id of an event's record; returns its length.</summary>
    public static int WriteId(Span<byte> target, NamespaceModel owner, ReadOnlySpan<byte> key, ThresholdEvent content)
    {
        Span<byte> name = stackalloc byte[Quota.Silo.Events.EventId.Bytes];
        content.Id.WriteTo(name);
        return GrainId.WriteRecord(target, GrainId.EventRecord, owner.NameUtf8, key, name);
    }

    /// <summary>The record of a new event: to be delivered if the namespace has a webhook.</summary>
    public static byte[] Encode(NamespaceModel owner, ThresholdEvent content, in Instant now)
    {
        long keptMs = Math.Max(Bounds.EventKeptMsMin, content.PeriodEndMs - now.WallMs + CounterExpiry.CalendarGraceMs);
        EventDelivery delivery = owner.Webhook is null ? EventDelivery.LoggedOnly(now.WallMs) : EventDelivery.Due(now.WindowNs);
        byte[] state = new byte[ThresholdEventRecord.BytesMax];
        return state[..ThresholdEventRecord.Write(state, now.WindowNs + Duration.NsFromMs(keptMs), content, delivery)];
    }
}
