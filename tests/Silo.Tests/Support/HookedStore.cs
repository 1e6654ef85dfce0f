using Quota.Silo.Store;

namespace Quota.Silo.Tests.Support;

/// <summary>A store that runs something before a scan: another silo's step, for one. Safe for concurrent use if the hook is.</summary>
internal sealed class HookedStore(IGrainStore inner) : IGrainStore
{
    private int _scans;

    /// <summary>Runs before each scan, with its number from 0 on.</summary>
    public Func<int, Task> BeforeScan { get; set; } = _ => Task.CompletedTask;

    /// <summary>Scans so far.</summary>
    public int Scans => Volatile.Read(ref _scans);

    public async ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation)
    {
        await BeforeScan(Interlocked.Increment(ref _scans) - 1);
        return await inner.ScanAsync(prefix, after, limit, cancellation);
    }

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) => inner.LoadAsync(id, cancellation);

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation) => inner.SaveAsync(saves, saved, cancellation);

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation) => inner.CommitAsync(saves, cancellation);

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => inner.ForgetAsync(beforeNs, limit, cancellation);

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => inner.LoadLayoutsAsync(cancellation);

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation) => inner.SaveLayoutAsync(id, encoded, cancellation);

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => inner.LoadNumberAsync(name, cancellation);

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation) => inner.SaveNumberAsync(name, value, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
