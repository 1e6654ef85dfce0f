using Quota.Silo.Execution.Shared;
using Quota.Silo.Store;

namespace Quota.Simulator;

/// <summary>A silo's own store: embedded, so that every call completes at once; on the machine's disk, so that it outlives the process.</summary>
internal sealed class LocalStore : IGrainStore
{
    private readonly Dictionary<byte[], StoredGrain> _rows = new(BytesComparer.Instance);
    private readonly List<byte[]> _layouts = [];
    private readonly Dictionary<string, long> _numbers = [];

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) =>
        new(_rows.TryGetValue(id.ToArray(), out StoredGrain grain) ? grain : null);

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation)
    {
        foreach (GrainSave save in saves)
        {
            if (save.IsDeletion)
            {
                _rows.Remove(save.Id.ToArray());
                continue;
            }
            _rows[save.Id.ToArray()] = save.Grain with { State = save.Grain.State.ToArray() };
        }
        saved.Span[..saves.Count].Fill(true);
        return default;
    }

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) =>
        throw new InvalidOperationException("Nobody scans a silo's own store here.");

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation) =>
        throw new InvalidOperationException("Nobody commits to a silo's own store.");

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation)
    {
        byte[][] forgotten = [.. _rows.Where(r => r.Value.ForgetAtNs < beforeNs).Select(r => r.Key)];
        foreach (byte[] id in forgotten)
        {
            _rows.Remove(id);
        }
        return new(forgotten.Length);
    }

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => new(_layouts);

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        if (!_layouts.Exists(l => l.AsSpan().SequenceEqual(encoded.Span)))
        {
            _layouts.Add(encoded.ToArray());
        }
        return default;
    }

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => new(_numbers.TryGetValue(name, out long value) ? value : null);

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation)
    {
        _numbers[name] = value;
        return default;
    }

    public ValueTask DisposeAsync() => default;
}
