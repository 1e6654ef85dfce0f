using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Store;

namespace Quota.Simulator;

/// <summary>The store all silos share, as its server sees it: every call happens at one instant, and what it did is durable.</summary>
internal sealed class SharedStore
{
    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));
    private readonly SortedDictionary<byte[], StoredGrain> _rows = new(ByBytes);
    private readonly Dictionary<byte[], StoredGrain> _index = new(BytesComparer.Instance);
    private readonly Dictionary<byte[], int> _came = new(BytesComparer.Instance);
    private readonly List<(ulong Id, byte[] Encoded)> _layouts = [];

    /// <summary>It answers nobody.</summary>
    public bool IsDown { get; set; }

    /// <summary>Calls that are refused, having done nothing.</summary>
    public double ThrottledShare { get; set; }

    /// <summary>Told of every commit, before the rows change: who sent it, and what it saves.</summary>
    public Action<StoreLink, IReadOnlyList<GrainSave>>? Committing { get; set; }

    /// <summary>Told of every commit, after the rows have changed.</summary>
    public Action<StoreLink, IReadOnlyList<GrainSave>>? Committed { get; set; }

    /// <summary>A planted bug: conditions are not looked at.</summary>
    public bool IgnoresConditions { get; set; }

    public IEnumerable<KeyValuePair<byte[], StoredGrain>> Rows => _rows;

    public StoredGrain? Load(ReadOnlySpan<byte> id) =>
        _index.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(id, out StoredGrain grain) ? grain : null;

    public bool Commit(StoreLink from, IReadOnlyList<GrainSave> saves)
    {
        foreach (GrainSave save in saves)
        {
            if (!IgnoresConditions && (Load(save.Id.Span)?.Version ?? 0) != save.ExpectedVersion)
            {
                return false;
            }
        }
        Committing?.Invoke(from, saves);
        foreach (GrainSave save in saves)
        {
            byte[] id = save.Id.ToArray();
            if (save.IsDeletion)
            {
                _rows.Remove(id);
                _index.Remove(id);
            }
            else
            {
                _rows[id] = _index[id] = save.Grain;
                _came.TryAdd(id, _came.Count);
            }
        }
        Committed?.Invoke(from, saves);
        return true;
    }

    /// <summary>Ascending by id; reservations, whose ids are drawn at random, all at once in the order in which they came.</summary>
    public List<(byte[] Id, StoredGrain Grain)> Scan(byte[] prefix, byte[] after, int limit) => prefix[0] == GrainId.ReservationRecord
        ? [.. _rows.Where(r => after.Length == 0 && r.Key.AsSpan().StartsWith(prefix)).OrderBy(r => _came[r.Key]).Select(r => (r.Key, r.Value))]
        : [.. _rows.Where(r => r.Key.AsSpan().StartsWith(prefix) && r.Key.AsSpan().SequenceCompareTo(after) > 0).Take(limit).Select(r => (r.Key, r.Value))];

    public int Forget(long beforeNs, int limit)
    {
        byte[][] forgotten = [.. _rows.Where(r => r.Value.ForgetAtNs < beforeNs).Take(limit).Select(r => r.Key)];
        foreach (byte[] id in forgotten)
        {
            _rows.Remove(id);
            _index.Remove(id);
        }
        return forgotten.Length;
    }

    public List<byte[]> Layouts() => [.. _layouts.Select(l => l.Encoded)];

    public void SaveLayout(ulong id, byte[] encoded)
    {
        if (!_layouts.Exists(l => l.Id == id))
        {
            _layouts.Add((id, encoded));
        }
    }
}
