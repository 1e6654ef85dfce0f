using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// The request ids and open reservations each key has in memory: how many bounds what one key can make the silo remember, and which
/// they are tells what it holds. Used under the shard's gate. Only keys that have any are in the tables; keys of equal hash share a
/// count, which only makes the bound stricter, and who asks for reservations looks at their ids.
/// </summary>
internal sealed class RecordCensus
{
    private readonly Dictionary<ulong, int> _requests = [];
    private readonly Dictionary<ulong, HashSet<int>> _reservations = [];

    /// <summary>Notes a block that came, if it is a request id.</summary>
    public void Add(ReadOnlySpan<byte> id)
    {
        if (TryPlace(id, out ulong at) && id[0] == GrainId.RequestRecord)
        {
            _requests[at] = _requests.GetValueOrDefault(at) + 1;
        }
    }

    /// <summary>Notes what a reservation's block says now.</summary>
    public void NoteReservation(ReadOnlySpan<byte> id, int block, ReadOnlySpan<byte> state)
    {
        if (!RecordHead.IsTombstone(state) && ReservationState.IsOpen(state))
        {
            Invariant.Check(TryPlace(id, out ulong at));
            if (!_reservations.TryGetValue(at, out HashSet<int>? blocks))
            {
                _reservations.Add(at, blocks = []);
            }
            blocks.Add(block);
        }
        else
        {
            Remove(id, block);
        }
    }

    /// <summary>Notes a block that left.</summary>
    public void Remove(ReadOnlySpan<byte> id, int block)
    {
        if (!TryPlace(id, out ulong at))
        {
            return;
        }
        if (id[0] == GrainId.RequestRecord)
        {
            int left = _requests[at] - 1;
            if (left == 0)
            {
                _requests.Remove(at);
            }
            else
            {
                _requests[at] = left;
            }
            return;
        }
        if (_reservations.TryGetValue(at, out HashSet<int>? blocks) && blocks.Remove(block) && blocks.Count == 0)
        {
            _reservations.Remove(at);
        }
    }

    /// <summary>Request ids that a key has.</summary>
    public int Requests(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) => _requests.GetValueOrDefault(Place(owner, key));

    /// <summary>Blocks of the open reservations that a key has, and perhaps of others.</summary>
    public IReadOnlyCollection<int> Reservations(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) => _reservations.GetValueOrDefault(Place(owner, key)) ?? [];

    private static bool TryPlace(ReadOnlySpan<byte> id, out ulong at)
    {
        at = 0;
        if (id.Length == 0 || id[0] is not (GrainId.RequestRecord or GrainId.ReservationRecord))
        {
            return false;
        }
        Invariant.Check(GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        at = Place(owner, key);
        return true;
    }

    private static ulong Place(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) => KeyHash.Compute(key, KeyHash.Compute(owner));
}
