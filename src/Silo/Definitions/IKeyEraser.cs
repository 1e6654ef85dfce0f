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
}
