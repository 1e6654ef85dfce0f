using Quota.Silo.Definitions;

namespace Quota.Silo.Store;

/// <summary>
/// The port to where definitions and the trail of their changes are kept. Every implementation passes the same contract suite
/// (tests/Silo.Tests/Store/DefinitionStoreContract.cs). Safe for concurrent use; a reader sees what was committed last. Every
/// member throws <see cref="StoreException"/> if the store cannot be reached or has failed.
/// </summary>
public interface IDefinitionStore : IAsyncDisposable
{
    /// <summary>The definition of this name, or null.</summary>
    ValueTask<StoredDefinition?> LoadAsync(DefinitionId id, CancellationToken cancellation);

    /// <summary>
    /// The definitions of one kind after <paramref name="after"/>, ascending by the UTF-8 of namespace and name, at most
    /// <paramref name="limit"/> and at most about <see cref="Contracts.Bounds.PageBytesMax"/> of content. Fewer than asked for do
    /// not mean the end; none do.
    /// </summary>
    /// <param name="after">Where to go on; its kind is the kind asked for.</param>
    /// <param name="isOneNamespace">Only those of the namespace of <paramref name="after"/>.</param>
    /// <param name="limit">At least 1.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<IReadOnlyList<StoredDefinition>> ScanAsync(DefinitionId after, bool isOneNamespace, int limit, CancellationToken cancellation);

    /// <summary>Likewise, of all namespaces, and only those that came from the configuration file.</summary>
    ValueTask<IReadOnlyList<StoredDefinition>> ScanFileAsync(DefinitionId after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Makes all changes, each with its entry in the audit trail, or none of them. They are durable when this completes. The
    /// caller is the only one of this process who changes definitions.
    /// </summary>
    /// <returns>
    /// The version of each: the sequence of its audit entry. Null, only where others may change definitions as well: they have, and
    /// nothing was made of these changes, which are to be judged again by what there is now.
    /// </returns>
    ValueTask<long[]?> ApplyAsync(IReadOnlyList<DefinitionWrite> writes, CancellationToken cancellation);

    /// <summary>
    /// Begins to erase a key, in one transaction: its definition goes, the audit trail names the pseudonym in its place and forgets
    /// its labels and note, an entry says that it was erased, and an <see cref="DefinitionKind.Erasure"/> stays until
    /// <see cref="EndErasureAsync"/>. Its erasure is not under way yet.
    /// </summary>
    /// <param name="key">The key; it need not have a definition.</param>
    /// <param name="pseudonym">What it is called from now on; never used before.</param>
    /// <param name="atMs">When, in ms since 1970.</param>
    /// <param name="actor">Who asked for it.</param>
    /// <param name="cancellation">Gives up before anything has changed.</param>
    /// <returns>False, only where others may change definitions as well: they have, and the erasure has not begun.</returns>
    ValueTask<bool> BeginErasureAsync(DefinitionId key, string pseudonym, long atMs, string actor, CancellationToken cancellation);

    /// <summary>The erasures that were begun and have not ended.</summary>
    ValueTask<IReadOnlyList<PendingErasure>> PendingErasuresAsync(CancellationToken cancellation);

    /// <summary>Forgets the name for good, and that the erasure was under way. May be repeated.</summary>
    ValueTask EndErasureAsync(PendingErasure erasure, CancellationToken cancellation);

    /// <summary>The entries of the audit trail after a sequence that the filter lets through, oldest first; bounded as <see cref="ScanAsync"/> is.</summary>
    ValueTask<IReadOnlyList<StoredAudit>> ScanAuditAsync(long after, AuditFilter filter, int limit, CancellationToken cancellation);
}
