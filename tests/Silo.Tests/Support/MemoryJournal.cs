using Quota.Silo.Journal;

namespace Quota.Silo.Tests.Support;

/// <summary>A journal in memory whose segments a test rolls over by hand, and whose loss or refusal it decides.</summary>
internal sealed class MemoryJournal : IJournal
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, List<byte[]>> _segments = new() { [1] = [] };
    private long _position;

    public JournalStatus Status { get; set; } = JournalStatus.Running;

    /// <summary>The answer to every wait.</summary>
    public bool Durable { get; set; } = true;

    public long ActiveSegment { get; private set; } = 1;

    public long RetainedBytes => _segments.Values.Sum(s => s.Sum(r => r.Length));

    /// <summary>Every record that is still kept, in order.</summary>
    public IEnumerable<byte[]> Records => _segments.Values.SelectMany(s => s);

    public bool TryAppend(ReadOnlySpan<byte> record, out long position)
    {
        lock (_gate)
        {
            position = _position;
            if (Status != JournalStatus.Running)
            {
                return false;
            }
            _segments[ActiveSegment].Add(record.ToArray());
            position = ++_position;
            return true;
        }
    }

    public void RollOver()
    {
        lock (_gate)
        {
            _segments[++ActiveSegment] = [];
        }
    }

    /// <summary>What a crash does to records that were not synced: everything behind this position is gone.</summary>
    public void Lose(long behind)
    {
        lock (_gate)
        {
            for (; _position > behind; _position--)
            {
                List<byte[]> last = _segments.Values.Last(s => s.Count > 0);
                last.RemoveAt(last.Count - 1);
            }
        }
    }

    public long AppendedPosition => _position;

    public bool EnsureWritten(long position) => Durable;

    public ValueTask<bool> WaitDurableAsync(long position) => new(Durable);

    public void Release(long segment)
    {
        lock (_gate)
        {
            foreach (long old in _segments.Keys.Where(s => s < segment).ToList())
            {
                _segments.Remove(old);
            }
        }
    }

    public ValueTask DisposeAsync() => default;
}
