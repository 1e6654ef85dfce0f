using System.Security.Cryptography;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// What checks leave behind besides counters: remembered request ids and reservations. Both are records of the key, in the key's
/// shard, journaled in one record with the decision. Unexpired ones are always resident, so that an id that is not found is new, unless
/// the table says otherwise (<see cref="KeyTable.HoldsRecords"/>).
/// <para>Safety: every member is called under the gate of the key's shard, but for the queue of expiries, which has a lock of its own.</para>
/// </summary>
internal sealed class RequestMemory(KeyTable table, DecisionKeeper keeper, IJournal journal, ExpiryQueue expiries)
{
    /// <summary>
    /// If the request id is known, gives the first answer again, or refuses an id that is used for something else. False if it is
    /// new, or if the obstacle has to be cleared before that is known.
    /// </summary>
    public bool TryRepeat(CheckScratch scratch, in GrainCommand command, Decision decision, out CheckObstacle obstacle)
    {
        obstacle = default;
        Shard shard = scratch.Levels[0].Shard;
        ReadOnlySpan<byte> id = WriteId(scratch, command, GrainId.RequestRecord, command.RequestId);
        int block = shard.Find(KeyHash.Compute(id), id);
        if (block == Shard.NotFound && !table.HoldsRecords && !scratch.IsAbsent(shard, id))
        {
            scratch.Wanted = id.ToArray();
            obstacle = new CheckObstacle(CheckObstacle.Kinds.Record, 0, 0, shard.Departures);
            return false;
        }
        if (block == Shard.NotFound || RecordHead.ForgetAtNs(shard.State(block)) <= command.Now.WindowNs)
        {
            return false;
        }
        ReadOnlySpan<byte> state = shard.State(block);
        if (RememberedAnswer.Fingerprint(state) != RequestFingerprint.Of(command))
        {
            decision.Reject(DecisionStatus.InvalidArgument, "request_id", "was used for another request of this key");
            return true;
        }
        RememberedAnswer.Restore(state, decision);
        // The first answer may still be on its way to the disk: this one must not overtake it.
        decision.JournalPosition = journal.AppendedPosition;
        return true;
    }

    /// <summary>Prepares the records of an accepted check. False if there is no room for them; the decision then says so.</summary>
    public bool TryAdd(CheckScratch scratch, in GrainCommand command, Decision decision)
    {
        Shard shard = scratch.Levels[0].Shard;
        bool isRemembered = !command.RequestId.IsEmpty;
        if (table.IsOverfull || !keeper.TryGetNumber(CounterLayout.Record, out _))
        {
            decision.Fail(DecisionStatus.Overloaded, "there is no room for another request id or reservation");
            return false;
        }
        if (!table.TryCountRecords(command.Namespace.NameUtf8, command.Key, command.Now, out long requests, out long reservations))
        {
            decision.Fail(DecisionStatus.Unavailable, "the key's block has to be brought first");
            return false;
        }
        if (isRemembered && requests >= command.Namespace.RequestIdsPerKeyMax)
        {
            decision.Fail(DecisionStatus.Overloaded, $"request_id: the key has {command.Namespace.RequestIdsPerKeyMax} request ids in its window");
            return false;
        }
        if (command.Hold is { } hold && !TryHold(scratch, command, hold, reservations, decision))
        {
            return false;
        }
        if (isRemembered)
        {
            int bytesMax = RememberedAnswer.BytesMax(decision, command.Plan, scratch.Levels.Length);
            Add(scratch, shard, command, GrainId.RequestRecord, command.RequestId, bytesMax, out int start);
            int length = RememberedAnswer.Write(scratch.Taken(start, bytesMax), decision, command.Plan, scratch.Levels.Length, RequestFingerprint.Of(command), command.Now.WindowNs + command.Namespace.RequestIdWindowNs);
            scratch.NewRecords[^1] = scratch.NewRecords[^1] with { StateLength = length };
        }
        return true;
    }

    /// <summary>Makes the records resident; they are in the journal.</summary>
    public void Install(CheckScratch scratch, in Instant now)
    {
        foreach (NewRecord record in scratch.NewRecords)
        {
            ReadOnlySpan<byte> id = scratch.IdOf(record);
            table.Put(record.Shard, id, CounterLayout.Record, scratch.StateOf(record), now);
            if (id[0] == GrainId.ReservationRecord)
            {
                expiries.Add(id, ReservationState.ExpiresNs(scratch.StateOf(record)));
            }
        }
    }

    private bool TryHold(CheckScratch scratch, in GrainCommand command, in ReservationTerms hold, long reservations, Decision decision)
    {
        Shard shard = scratch.Levels[0].Shard;
        if (reservations >= command.Namespace.ReservationsPerKeyMax)
        {
            decision.Fail(DecisionStatus.Overloaded, $"the key has {command.Namespace.ReservationsPerKeyMax} open reservations");
            return false;
        }
        byte[] state = ReservationState.Of(scratch, command, hold, isTallied: table.Tally is not null).Encode();
        if (state.Length > Bounds.RecordBytesMax)
        {
            decision.Reject(DecisionStatus.InvalidArgument, "attributes", "are too long for everything the reservation has to hold");
            return false;
        }
        Span<byte> name = stackalloc byte[16];
        RandomNumberGenerator.Fill(name);
        decision.Reservation = new ReservationHandle(ReservationState.IdOf(name), command.Now.WallMs + TtlMs(hold));
        Add(scratch, shard, command, GrainId.ReservationRecord, name, state.Length, out int start);
        state.CopyTo(scratch.Taken(start, state.Length));
        return true;
    }

    /// <summary>Time to live in milliseconds, the default included.</summary>
    public static long TtlMs(in ReservationTerms hold) => hold.TtlMs == 0 ? Bounds.ReservationTtlMsDefault : hold.TtlMs;

    private static void Add(CheckScratch scratch, Shard shard, in GrainCommand command, byte kind, ReadOnlySpan<byte> name, int stateBytes, out int stateStart)
    {
        Span<byte> room = scratch.Take(Bounds.GrainIdBytesMax, out int idStart);
        int idLength = GrainId.WriteRecord(room, kind, command.Namespace.NameUtf8, command.Key, name);
        scratch.GiveBack(Bounds.GrainIdBytesMax - idLength);
        scratch.Take(stateBytes, out stateStart);
        scratch.NewRecords.Add(new NewRecord(shard, idStart, idLength, stateStart, stateBytes));
    }

    private static ReadOnlySpan<byte> WriteId(CheckScratch scratch, in GrainCommand command, byte kind, ReadOnlySpan<byte> name)
    {
        Span<byte> room = scratch.Take(Bounds.GrainIdBytesMax, out _);
        return room[..GrainId.WriteRecord(room, kind, command.Namespace.NameUtf8, command.Key, name)];
    }
}
