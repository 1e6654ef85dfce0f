using Quota.Silo.Definitions;
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
    /// <param name="redactions">What erasures change of what the replica holds; applied before the batches. One may be applied again.</param>
    /// <param name="batches">What follows what the replica holds, with these redactions applied already.</param>
    /// <returns>The versions that their writes got, which are the same on every replica, and what the redactions changed.</returns>
    ValueTask<FollowResult> FollowAsync(IReadOnlyList<Redaction> redactions, IReadOnlyList<LoggedBatch> batches);

    /// <summary>Everything in the log that names a key, ascending, as far as the replica has come.</summary>
    ValueTask<IReadOnlyList<NamingEntry>> EntriesNamingAsync(DefinitionId key, CancellationToken cancellation);

    /// <summary>First record of the batch whose first entry in the audit trail has this sequence.</summary>
    ValueTask<long> RecordOfAsync(long sequence, CancellationToken cancellation);
}
