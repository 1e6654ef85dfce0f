using System.Buffers.Binary;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>
/// What all silos of one store must agree on, written by the first of them (block kind 10, id u8 10, "settings"). APPEND-ONLY (golden
/// test: SiloRecordTests).
/// <code>
/// i64 never, u8 1, u16 format of everything in the store, u8 executor, i32 partitions, 16 bytes id of the cluster
/// </code>
/// </summary>
/// <param name="Format">Format of everything in the store.</param>
/// <param name="Executor">Who owns keys.</param>
/// <param name="Partitions">Parts the keys are divided into.</param>
/// <param name="Id">16 random bytes: tells a store from another, and from one that was made anew.</param>
internal sealed record ClusterRecord(int Format, ExecutorKind Executor, int Partitions, byte[] Id)
{
    /// <summary>The format that this build writes and reads.</summary>
    public const int CurrentFormat = 1;

    private const byte Version = 1;
    private const int Bytes = RecordHead.Bytes + 1 + sizeof(ushort) + 1 + sizeof(int) + 16;

    /// <summary>Makes this silo one of the store's cluster: creates the record, or compares with it.</summary>
    /// <param name="store">The store that all silos share.</param>
    /// <param name="settings">What this silo is configured with.</param>
    /// <param name="newId">The id of the cluster if this is its first silo: 16 random bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The cluster, or why this silo cannot be one of it.</returns>
    /// <exception cref="StoreException">The store cannot be reached, or has failed.</exception>
    public static async ValueTask<(ClusterRecord? Cluster, string? Error)> JoinAsync(IGrainStore store, ClusterSettings settings, byte[] newId, CancellationToken cancellation)
    {
        byte[] id = [GrainId.ClusterRecord, .. "settings"u8];
        var first = new ClusterRecord(CurrentFormat, settings.Executor, settings.Partitions, newId);
        // Twice: the second time finds what the winner of a race has written.
        for (int i = 0; i < 2; i++)
        {
            if (await store.LoadAsync(id, cancellation).ConfigureAwait(false) is { } stored)
            {
                return Compare(stored.State.Span, settings);
            }
            if (await store.CommitAsync([new GrainSave(id, 0, new StoredGrain(0, 1, RecordHead.Never, first.Encode()))], cancellation).ConfigureAwait(false))
            {
                return (first, null);
            }
        }
        throw new StoreException("the cluster's settings were written and removed while this silo started");
    }

    internal byte[] Encode()
    {
        byte[] state = new byte[Bytes];
        RecordHead.Write(state, RecordHead.Never);
        Span<byte> rest = state.AsSpan(RecordHead.Bytes);
        rest[0] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(rest[1..], (ushort)Format);
        rest[3] = (byte)Executor;
        BinaryPrimitives.WriteInt32LittleEndian(rest[4..], Partitions);
        Id.CopyTo(rest[8..]);
        return state;
    }

    private static (ClusterRecord? Cluster, string? Error) Compare(ReadOnlySpan<byte> state, ClusterSettings settings)
    {
        if (state.Length < Bytes || state[RecordHead.Bytes] != Version)
        {
            return (null, "server.store: the settings of its cluster have a format that this build cannot read");
        }
        ReadOnlySpan<byte> rest = state[RecordHead.Bytes..];
        var cluster = new ClusterRecord(BinaryPrimitives.ReadUInt16LittleEndian(rest[1..]), (ExecutorKind)rest[3], BinaryPrimitives.ReadInt32LittleEndian(rest[4..]), rest.Slice(8, 16).ToArray());
        if (cluster.Format != CurrentFormat)
        {
            return (null, $"server.store: it has format {cluster.Format}, this build reads {CurrentFormat}");
        }
        if (cluster.Executor != settings.Executor)
        {
            return (null, $"server.executor: the silos of this store run {Word(cluster.Executor)}, this one is configured for {Word(settings.Executor)}");
        }
        return cluster.Partitions == settings.Partitions
            ? (cluster, null)
            : (null, $"server.partitions: the silos of this store have {cluster.Partitions} partitions, this one is configured for {settings.Partitions}");
    }

    private static string Word(ExecutorKind executor) => executor.ToString().ToLowerInvariant();
}
