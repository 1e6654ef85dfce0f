using Quota.Silo.Catalog;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>The port to whoever keeps what a key has counted. Safe for concurrent use.</summary>
public interface IKeyEraser
{
    /// <summary>Whether anything is kept that names the key.</summary>
    /// <exception cref="StoreException">What is kept cannot be read.</exception>
    ValueTask<bool> KnowsAsync(NamespaceModel owner, byte[] key, CancellationToken cancellation);

    /// <summary>
    /// Ends the key's reservations as they were told to, keeps its usage under the pseudonym, and deletes everything else that names
    /// it. May be repeated: a repeat with the same pseudonym completes what was interrupted. A key that is asked about meanwhile or
    /// afterwards is a new one.
    /// </summary>
    /// <returns>Null, or why it is not complete.</returns>
    ValueTask<string?> EraseAsync(NamespaceModel owner, byte[] key, byte[] pseudonym, CancellationToken cancellation);

    /// <summary>What still names an erased key for a while, in words for whoever asked for the erasure; empty if nothing does.</summary>
    IReadOnlyList<string> Remains { get; }

    /// <summary>
    /// Another silo erases this key: this one settles what it holds of it and drops its copies, in the background, so that the other
    /// need not wait until its leases end.
    /// </summary>
    void Release(NamespaceModel owner, byte[] key);
}
