using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Execution;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// Which partition a key belongs to: the same in every silo and version, APPEND-ONLY (golden test: PartitionTests), because silos of
/// two versions work in one cluster during a rolling upgrade. A different number would not make an answer wrong, only slower.
/// </summary>
internal static class PartitionNumber
{
    /// <summary>
    /// The partition of a check: that of the topmost key above it, so that all levels which are keys are decided by one silo. The
    /// namespace as the root of the hierarchy is left out, or a whole namespace would be one partition.
    /// </summary>
    public static int Of(in GrainCommand command, int partitions) =>
        Of(command.Namespace.NameUtf8, Top(command.Key, command.Above), partitions);

    /// <summary>The partition of a key as it is defined now, or of one that is not defined.</summary>
    public static int Of(NamespaceModel owner, ReadOnlySpan<byte> key, int partitions)
    {
        KeyState? above = owner.Keys.TryGet(key, out KeyState? known) ? known.Current.Above : null;
        return Of(owner.NameUtf8, Top(key, above), partitions);
    }

    /// <summary>The partition of a key, 0 to <paramref name="partitions"/> - 1.</summary>
    public static int Of(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, int partitions)
    {
        Invariant.Check(partitions > 0);
        ulong hash = Mix(Fnv1a.Hash(key, Fnv1a.Hash(owner.Length, Fnv1a.Hash(owner))));
        return (int)Math.BigMul(hash, (ulong)partitions, out _);
    }

    private static ReadOnlySpan<byte> Top(ReadOnlySpan<byte> key, KeyState? above)
    {
        for (int level = 1; level < Bounds.LevelsMax && above is not null && above.NameUtf8.Length > 0; level++)
        {
            key = above.NameUtf8;
            above = above.Current.Above;
        }
        return key;
    }

    /// <summary>Spreads every bit over all others (the finalizer of MurmurHash3, Appleby): FNV-1a leaves the high bits of short texts alike.</summary>
    public static ulong Mix(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}
