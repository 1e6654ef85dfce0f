namespace Quota.Silo.Store;

/// <summary>One conditional save.</summary>
/// <param name="Id">The grain's id (GrainId).</param>
/// <param name="ExpectedVersion">Version the store must hold; 0 if it must hold none; <see cref="AnyVersion"/> for the only owner.</param>
/// <param name="Grain">What to store; its version is the one it has after the save.</param>
public readonly record struct GrainSave(ReadOnlyMemory<byte> Id, long ExpectedVersion, StoredGrain Grain)
{
    /// <summary>The caller owns every key of this store: save whatever it holds.</summary>
    public const long AnyVersion = -1;

    /// <summary>The block is to be deleted, under the same condition; that there is none is a success.</summary>
    public bool IsDeletion { get; init; }
}
