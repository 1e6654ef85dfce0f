using Quota.Grains;
using Quota.Silo.Execution.Local;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// The tallies of a batch's keys: as the blocks of the view have them, and what the steps of the batch make of them. Belongs to one
/// bench.
/// </summary>
/// <param name="view">The blocks of the batch.</param>
internal sealed class TallyBoard(BatchView view) : IRecordTally
{
    private readonly Dictionary<byte[], KeyTally> _tallies = new(BytesComparer.Instance);
    private readonly HashSet<byte[]> _changed = new(BytesComparer.Instance);

    /// <summary>Ids of the own blocks of keys whose tally the batch has changed: they have to be saved.</summary>
    public IReadOnlyCollection<byte[]> Changed => _changed;

    /// <summary>Begins with what the view has.</summary>
    public void Clear()
    {
        _tallies.Clear();
        _changed.Clear();
    }

    public bool TryCount(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, in Instant now, out long requests, out long reservations)
    {
        KeyTally? tally = Find(GrainId.OfKey(owner, key));
        requests = tally?.Requests(now.WindowNs) ?? 0;
        reservations = tally?.Reservations ?? 0;
        return tally is not null;
    }

    public void Note(ReadOnlySpan<byte> id, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, in Instant now)
    {
        byte[] keyId = GrainId.KeyIdOf(id);
        if (id[0] == GrainId.KeyBlock)
        {
            // It was deleted, and what it counted with it.
            _tallies[keyId] = new KeyTally();
            _changed.Remove(keyId);
            return;
        }
        int reservations = id[0] == GrainId.ReservationRecord ? (IsCounted(after) ? 1 : 0) - (IsCounted(before) ? 1 : 0) : 0;
        bool isRequest = id[0] == GrainId.RequestRecord && !RecordHead.IsTombstone(after);
        if (!isRequest && reservations == 0)
        {
            return;
        }
        KeyTally? tally = Find(keyId);
        Invariant.Check(tally is not null);
        _changed.Add(keyId);
        if (isRequest)
        {
            tally!.AddRequest(RecordHead.ForgetAtNs(after), now.WindowNs);
        }
        else if (reservations > 0)
        {
            tally!.OpenReservation();
        }
        else
        {
            tally!.EndReservation();
        }
    }

    /// <summary>The tally of a key whose own block has this id, or null; then the block is noted as missing.</summary>
    public KeyTally? Find(byte[] keyId)
    {
        if (!_tallies.TryGetValue(keyId, out KeyTally? tally) && view.TryFind(keyId, out CachedBlock? block))
        {
            tally = KeyTally.Decode(block.Tally.Span);
            _tallies.Add(keyId, tally);
        }
        return tally;
    }

    private static bool IsCounted(ReadOnlySpan<byte> state) =>
        !state.IsEmpty && !RecordHead.IsTombstone(state) && ReservationState.IsOpen(state) && ReservationState.IsTallied(state);
}
