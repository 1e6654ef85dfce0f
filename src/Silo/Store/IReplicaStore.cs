using Quota.Silo.Definitions.Log;

namespace Quota.Silo.Store;

/// <summary>
/// The port to a silo's own copy of what a cluster defines. It follows the cluster's change log, each batch exactly once, and is
/// otherwise only read. Every member throws <see cref="StoreException"/> if the store has failed.
/// </summary>
internal interface IReplicaStore : IDefinitionStore
{
    /// <summary>How far the replica has come.</summary>
    ValueTask<ReplicaPosition> PositionAsync(CancellationToken cancellation);

    /// <summary>Takes in batches of the log, in its order, all of them or none, and notes how far it has come in the same transaction.</summary>
    /// <param name="batches">What follows what the replica holds, with the batches that an erasure among them has rewritten.</param>
    /// <returns>The versions that their writes got: the same on every replica.</returns>
    ValueTask<FollowResult> FollowAsync(IReadOnlyList<FollowedBatch> batches);

    /// <summary>The first records of the log's batches that name an erased key, ascending.</summary>
    ValueTask<IReadOnlyList<long>> RecordsNamingAsync(string owner, string pseudonym, CancellationToken cancellation);
}
