using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>What is made together, or not at all, on every silo. One of the four is set.</summary>
internal sealed record ChangeBatch
{
    /// <summary>Definitions that are written or deleted, in the order in which they come into force.</summary>
    public IReadOnlyList<DefinitionWrite> Writes { get; init; } = [];

    public ErasureBegin? Begin { get; init; }

    public ErasureEnd? End { get; init; }

    public FileMark? Adopted { get; init; }
}
