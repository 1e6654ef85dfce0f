using System.Diagnostics.CodeAnalysis;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Open reservations in the order in which they expire. An entry may be out of date (the reservation was extended or has ended): who
/// takes it looks at the record, which alone counts.
/// <para>Safe for concurrent use: one lock, held for a heap operation.</para>
/// </summary>
internal sealed class ExpiryQueue
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<byte[], long> _entries = new();

    /// <summary>Notes when a reservation expires.</summary>
    /// <param name="id">Id of its record.</param>
    /// <param name="expiresNs">The instant on the window scale.</param>
    public void Add(ReadOnlySpan<byte> id, long expiresNs)
    {
        byte[] copy = id.ToArray();
        lock (_gate)
        {
            _entries.Enqueue(copy, expiresNs);
        }
    }

    /// <summary>Takes the next entry that is due.</summary>
    public bool TryTake(long nowNs, [NotNullWhen(true)] out byte[]? id)
    {
        lock (_gate)
        {
            if (_entries.TryPeek(out id, out long expiresNs) && expiresNs <= nowNs)
            {
                _entries.Dequeue();
                return true;
            }
            id = null;
            return false;
        }
    }
}
