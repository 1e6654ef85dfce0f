namespace Quota.Silo.Tests.Journal;

/// <summary>A file of the simulated disk: what the system sees, what the platter holds, and the writes in between.</summary>
internal sealed class SimulatedFile
{
    private const int SectorBytes = 512;
    private readonly byte[] _durable;
    private readonly List<(int Offset, byte[] Bytes)> _unsynced = [];

    /// <summary>Zeros, which are durable.</summary>
    public SimulatedFile(long bytes)
        : this(new byte[bytes])
    {
    }

    public SimulatedFile(byte[] content)
    {
        Content = content;
        _durable = content.ToArray();
    }

    public byte[] Content { get; }

    public int UnsyncedWrites => _unsynced.Count;

    public void Write(ReadOnlySpan<byte> bytes, int offset)
    {
        bytes.CopyTo(Content.AsSpan(offset));
        _unsynced.Add((offset, bytes.ToArray()));
    }

    /// <summary>Makes the first writes durable.</summary>
    public void Sync(int writes)
    {
        foreach ((int offset, byte[] bytes) in _unsynced.Take(writes))
        {
            bytes.CopyTo(_durable.AsSpan(offset));
        }
        _unsynced.RemoveRange(0, Math.Min(writes, _unsynced.Count));
    }

    public byte[] AfterPowerCut(Random random)
    {
        byte[] left = _durable.ToArray();
        Dictionary<int, int> versions = [];
        // Sometimes nearly everything arrives, sometimes nearly nothing: both ends hide different mistakes.
        int likelihood = random.Next(101);
        for (int write = 0; write < _unsynced.Count; write++)
        {
            (int offset, byte[] bytes) = _unsynced[write];
            for (int at = 0; at < bytes.Length;)
            {
                int sector = (offset + at) / SectorBytes;
                int length = Math.Min(bytes.Length - at, ((sector + 1) * SectorBytes) - (offset + at));
                if (!versions.TryGetValue(sector, out int version))
                {
                    version = random.Next(100) < likelihood ? _unsynced.Count : random.Next(_unsynced.Count + 1);
                    versions[sector] = version;
                }
                if (write < version)
                {
                    bytes.AsSpan(at, length).CopyTo(left.AsSpan(offset + at));
                }
                at += length;
            }
        }
        return left;
    }
}
