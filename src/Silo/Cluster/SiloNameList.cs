using System.Buffers.Binary;
using System.Text;
using Quota.Contracts;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>
/// The names of the cluster's silos (block kind 10, id u8 10, "silos"), so that nobody has to search the store for them. APPEND-ONLY
/// (golden test: SiloRecordTests).
/// <code>
/// i64 never, u8 1, then per silo: u8 length, name
/// </code>
/// </summary>
internal sealed class SiloNameList(IGrainStore store)
{
    private const byte Version = 1;

    private static readonly byte[] Id = [GrainId.ClusterRecord, .. "silos"u8];

    /// <summary>The names, in their order.</summary>
    /// <exception cref="StoreException">The store has failed, or holds what this build cannot read.</exception>
    public async ValueTask<(IReadOnlyList<string> Names, long Version)> LoadAsync(CancellationToken cancellation)
    {
        if (await store.LoadAsync(Id, cancellation).ConfigureAwait(false) is not { } stored)
        {
            return ([], 0);
        }
        ReadOnlyMemory<byte> state = stored.State;
        if (state.Length <= RecordHead.Bytes || state.Span[RecordHead.Bytes] != Version)
        {
            throw new StoreException("the store holds a list of silos in a format that this build cannot read");
        }
        var names = new List<string>();
        for (ReadOnlyMemory<byte> rest = state[(RecordHead.Bytes + 1)..]; !rest.IsEmpty; rest = rest[(1 + rest.Span[0])..])
        {
            names.Add(Encoding.UTF8.GetString(rest.Span.Slice(1, rest.Span[0])));
        }
        return (names, stored.Version);
    }

    /// <summary>Puts other names in the place of those of a version; false if there is another version meanwhile.</summary>
    public ValueTask<bool> TrySaveAsync(IEnumerable<string> names, long version, CancellationToken cancellation)
    {
        byte[] state = new byte[RecordHead.Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(state, RecordHead.Never);
        byte[][] parts = [.. names.Order(StringComparer.Ordinal).Select(n => (byte[])[(byte)Encoding.UTF8.GetByteCount(n), .. Encoding.UTF8.GetBytes(n)])];
        Grains.Invariant.Check(parts.Length <= Bounds.SilosMax);
        state = [.. state, Version, .. parts.SelectMany(p => p)];
        return store.CommitAsync([new GrainSave(Id, version, new StoredGrain(0, version + 1, RecordHead.Never, state))], cancellation);
    }
}
