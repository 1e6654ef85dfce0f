using System.Buffers.Binary;
using System.Text;
using Quota.Grains;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The owners of partitions, as a cluster keeps them in its store: cluster records (block kind 10). Little-endian, APPEND-ONLY (golden
/// test: PartitionRecordsTests).
/// <code>
/// "partition/" + u32 number big-endian: i64 forget at ns = never, u8 version = 1, u8 silo length, 2 bytes 0, i64 epoch, silo
/// </code>
/// <para>
/// Safety: they are only written by conditional saves, so an epoch is given to one silo: whoever takes a partition raises it by one over
/// what it read, and one of two that do so at once loses and reads again.
/// </para>
/// </summary>
internal sealed class PartitionRecords(IGrainStore store)
{
    private const byte Version = 1;
    private const int OwnerHeadBytes = 20;

    /// <summary>Silos of one cluster that take one partition at the same moment: more rounds than that would be a fault.</summary>
    private const int RoundsMax = 64;

    /// <summary>Takes a partition over from whoever has it; returns its new epoch.</summary>
    /// <exception cref="StoreException">The store cannot be reached.</exception>
    public async ValueTask<long> TakeAsync(int partition, string silo, CancellationToken cancellation)
    {
        byte[] id = IdOf(partition);
        for (int round = 0; round < RoundsMax; round++)
        {
            StoredGrain? kept = await store.LoadAsync(id, cancellation).ConfigureAwait(false);
            (long epoch, long version) = kept is { } owner ? (EpochOf(owner), owner.Version) : (0, 0);
            var grain = new StoredGrain(0, version + 1, RecordHead.Never, Owner(epoch + 1, silo));
            if (await store.CommitAsync([new GrainSave(id, version, grain)], cancellation).ConfigureAwait(false))
            {
                return epoch + 1;
            }
        }
        throw new StoreException($"partition {partition} is taken by one silo after the other");
    }

    /// <summary>Who took a partition last, and with which epoch; null if nobody has.</summary>
    /// <exception cref="StoreException">The store cannot be reached.</exception>
    public async ValueTask<(string Silo, long Epoch)?> OwnerAsync(int partition, CancellationToken cancellation)
    {
        if (await store.LoadAsync(IdOf(partition), cancellation).ConfigureAwait(false) is not { } kept)
        {
            return null;
        }
        long epoch = EpochOf(kept);
        return (Encoding.UTF8.GetString(kept.State.Span.Slice(OwnerHeadBytes, kept.State.Span[9])), epoch);
    }

    private static byte[] IdOf(int partition)
    {
        byte[] id = [GrainId.ClusterRecord, .. "partition/"u8, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(id.Length - sizeof(int)), partition);
        return id;
    }

    private static byte[] Owner(long epoch, string silo)
    {
        byte[] name = Encoding.UTF8.GetBytes(silo);
        Invariant.Check(name.Length <= byte.MaxValue);
        byte[] state = new byte[OwnerHeadBytes + name.Length];
        RecordHead.Write(state, RecordHead.Never);
        state[8] = Version;
        state[9] = (byte)name.Length;
        BinaryPrimitives.WriteInt64LittleEndian(state.AsSpan(12), epoch);
        name.CopyTo(state.AsSpan(OwnerHeadBytes));
        return state;
    }

    private static long EpochOf(in StoredGrain owner)
    {
        ReadOnlySpan<byte> state = owner.State.Span;
        if (state.Length < OwnerHeadBytes || state[8] != Version || state.Length < OwnerHeadBytes + state[9])
        {
            throw new StoreException("a partition's owner in the store is of another version");
        }
        return BinaryPrimitives.ReadInt64LittleEndian(state[12..]);
    }
}
