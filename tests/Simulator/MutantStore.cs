using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;

namespace Quota.Simulator;

/// <summary>A link to the store with a planted bug in it.</summary>
internal sealed class MutantStore(StoreLink link, SharedStore server, Mutation mutation) : IGrainStore
{
    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) => link.LoadAsync(id, cancellation);

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation) => link.SaveAsync(saves, saved, cancellation);

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) =>
        link.ScanAsync(prefix, after, limit, cancellation);

    public async ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation)
    {
        List<GrainSave> sent = [.. saves.Where(s => !IsLeftOut(s))];
        try
        {
            return sent.Count == 0 || await link.CommitAsync(sent, cancellation).ConfigureAwait(false);
        }
        catch (StoreException) when (mutation == Mutation.UnknownIsSuccess)
        {
            return true;
        }
        catch (StoreException) when (mutation == Mutation.UnknownIsForced)
        {
            // The versions are looked up, the bytes are the old ones.
            GrainSave[] forced = [.. sent.Select(s => s with { ExpectedVersion = server.Load(s.Id.Span)?.Version ?? 0 })];
            return await link.CommitAsync([.. forced.Select(s => s with { Grain = s.Grain with { Version = s.ExpectedVersion == 0 ? s.Grain.Version : s.ExpectedVersion + 1 } })], cancellation).ConfigureAwait(false);
        }
    }

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => link.ForgetAsync(beforeNs, limit, cancellation);

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => link.LoadLayoutsAsync(cancellation);

    public ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation) => link.SaveLayoutAsync(id, encoded, cancellation);

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => link.LoadNumberAsync(name, cancellation);

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation) => link.SaveNumberAsync(name, value, cancellation);

    public ValueTask DisposeAsync() => default;

    private bool IsLeftOut(in GrainSave save) => mutation switch
    {
        Mutation.RequestNotRemembered => save.Id.Span[0] == GrainId.RequestRecord,
        Mutation.LeaseSettledTwice => save.Id.Span[0] == GrainId.LeaseRecord && LeaseBook.TryDecode(save.Grain.State, out List<LeaseEntry> left) && left.Count == 0,
        _ => false,
    };
}
