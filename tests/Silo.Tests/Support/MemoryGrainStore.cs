using Quota.Grains;
using Quota.Silo.Store;

namespace Quota.Silo.Tests.Support;

/// <summary>
/// A store in memory that several silos of one test share. Deterministic: it has no threads and no clock, every call completes
/// before it returns. A test can cut it off, and can run something before or after a call, such as another silo's step.
/// Safe for concurrent use.
/// </summary>
internal sealed class MemoryGrainStore : IGrainStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<byte[], StoredGrain> _grains = new(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
    private readonly SortedDictionary<ulong, byte[]> _layouts = [];
    private readonly Dictionary<string, long> _numbers = new(StringComparer.Ordinal);
    private byte[] _forgetCursor = [];

    /// <summary>Every call fails while this is set.</summary>
    public bool IsUnreachable { get; set; }

    /// <summary>Runs before each commit, which fails if it throws; nothing has changed then.</summary>
    public Action<IReadOnlyList<GrainSave>>? BeforeCommit { get; set; }

    /// <summary>Runs after each commit that was made; if it throws, the caller does not learn that it was.</summary>
    public Action<IReadOnlyList<GrainSave>>? AfterCommit { get; set; }

    /// <summary>Blocks that are stored.</summary>
    public int Count => Locked(() => _grains.Count);

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) =>
        new(Call(() => _grains.TryGetValue(id.ToArray(), out StoredGrain grain) ? grain : default(StoredGrain?)));

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.SaveBatchMax);
        cancellation.ThrowIfCancellationRequested();
        Call(() =>
        {
            for (int i = 0; i < saves.Count; i++)
            {
                GrainSave save = saves[i];
                long version = Version(save);
                bool holds = save.ExpectedVersion == GrainSave.AnyVersion || save.ExpectedVersion == version;
                if (holds)
                {
                    Put(save, version + 1);
                }
                saved.Span[i] = holds;
            }
            return 0;
        });
        return default;
    }

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.CommitMax);
        cancellation.ThrowIfCancellationRequested();
        BeforeCommit?.Invoke(saves);
        bool committed = Call(() =>
        {
            Invariant.Check(saves.All(s => s.ExpectedVersion >= 0));
            if (saves.Any(s => s.ExpectedVersion != Version(s)))
            {
                return false;
            }
            foreach (GrainSave save in saves)
            {
                Invariant.Check(save.IsDeletion || save.Grain.Version > save.ExpectedVersion);
                Put(save, save.Grain.Version);
            }
            return true;
        });
        if (committed)
        {
            AfterCommit?.Invoke(saves);
        }
        return new(committed);
    }

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) => new(Call(() =>
    {
        var found = new List<(byte[], StoredGrain)>();
        foreach ((byte[] id, StoredGrain grain) in _grains)
        {
            if (found.Count < limit && id.AsSpan().StartsWith(prefix.Span) && id.AsSpan().SequenceCompareTo(after.Span) > 0)
            {
                found.Add((id, grain));
            }
        }
        return (IReadOnlyList<(byte[], StoredGrain)>)found;
    }));

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => new(Call(() =>
    {
        List<byte[]> examined = [.. _grains.Keys.SkipWhile(id => id.AsSpan().SequenceCompareTo(_forgetCursor) <= 0).Take(limit)];
        _forgetCursor = examined.Count == 0 ? [] : examined[^1];
        return examined.Count(id => _grains[id].ForgetAtNs < beforeNs && _grains.Remove(id));
    }));

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => new(Call<IReadOnlyList<byte[]>>(() => [.. _layouts.Values]));

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        Call(() => _layouts.TryAdd(id, encoded.ToArray()));
        return default;
    }

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) =>
        new(Call(() => _numbers.TryGetValue(name, out long value) ? value : default(long?)));

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation)
    {
        Call(() => _numbers[name] = value);
        return default;
    }

    /// <summary>What is stored stays: silos come and go.</summary>
    public ValueTask DisposeAsync() => default;

    private long Version(in GrainSave save) => _grains.TryGetValue(save.Id.ToArray(), out StoredGrain grain) ? grain.Version : 0;

    private void Put(in GrainSave save, long version)
    {
        if (save.IsDeletion)
        {
            _grains.Remove(save.Id.ToArray());
        }
        else
        {
            _grains[save.Id.ToArray()] = save.Grain with { Version = version, State = save.Grain.State.ToArray() };
        }
    }

    private TResult Call<TResult>(Func<TResult> work) => IsUnreachable ? throw new StoreException("the store cannot be reached") : Locked(work);

    private TResult Locked<TResult>(Func<TResult> work)
    {
        lock (_gate)
        {
            return work();
        }
    }
}
