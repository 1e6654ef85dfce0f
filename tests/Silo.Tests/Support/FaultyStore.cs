using Quota.Silo.Store;

namespace Quota.Silo.Tests.Support;

/// <summary>A store whose saves fail after a number of calls that a test sets, and whose loads a test can overtake.</summary>
internal sealed class FaultyStore(IGrainStore inner) : IGrainStore
{
    /// <summary>Calls of SaveAsync that still succeed; null: all of them.</summary>
    public int? FailAfter { get; set; }

    /// <summary>Runs once, after the next load has read its block and before the caller has it.</summary>
    public Action? AfterLoad { get; set; }

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation)
    {
        ValueTask<StoredGrain?> loaded = inner.LoadAsync(id, cancellation);
        Action? overtake = AfterLoad;
        AfterLoad = null;
        overtake?.Invoke();
        return loaded;
    }

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation)
    {
        if (FailAfter is int left)
        {
            if (left == 0)
            {
                throw new StoreException("injected");
            }
            FailAfter = left - 1;
        }
        return inner.SaveAsync(saves, saved, cancellation);
    }

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) =>
        inner.ScanAsync(prefix, after, limit, cancellation);

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation) => inner.CommitAsync(saves, cancellation);

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => inner.ForgetAsync(beforeNs, limit, cancellation);

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => inner.LoadLayoutsAsync(cancellation);

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation) => inner.SaveLayoutAsync(id, encoded, cancellation);

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => inner.LoadNumberAsync(name, cancellation);

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation) => inner.SaveNumberAsync(name, value, cancellation);

    public int CommitItemsMax => inner.CommitItemsMax;

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
