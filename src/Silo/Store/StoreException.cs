namespace Quota.Silo.Store;

/// <summary>The store cannot be reached, has failed, or holds what this build cannot read. The message says which, for an operator.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Nothing was refused: the store did not answer in time, or was too busy. The same may succeed later.</summary>
    public bool MayPass { get; init; }
}
