namespace Quota.Simulator;

/// <summary>The records of a journal by segment.</summary>
internal sealed class SimDisk
{
    private readonly List<(long Segment, byte[] Record)> _records = [];

    public long Segment { get; set; } = 1;

    public int Count => _records.Count;

    public IEnumerable<byte[]> Records => _records.Select(r => r.Record);

    public void Add(byte[] record) => _records.Add((Segment, record));

    /// <summary>Gives up all segments before this one; returns how many records went.</summary>
    public int Release(long segment) => _records.RemoveAll(r => r.Segment < segment);

    /// <summary>The last records were never written.</summary>
    public void LoseLast(int count) => _records.RemoveRange(_records.Count - count, count);
}
