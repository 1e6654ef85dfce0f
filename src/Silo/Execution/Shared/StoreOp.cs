using Quota.Silo.Execution.Local;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// One step on keys of the shared store: a check, or any other. It may be run several times, each time on blocks that are as
/// they were before; only what the last run came to counts, and only once the store has taken the batch it was in.
/// </summary>
internal abstract class StoreOp
{
    /// <summary>Ids of the own blocks of the keys it works on; may grow while it is not in a batch.</summary>
    public required List<byte[]> KeyIds { get; init; }

    /// <summary>The order in which steps were asked for.</summary>
    public long Sequence { get; set; }

    /// <summary>When it was asked for: a timestamp of the runtime's clock.</summary>
    public long SubmittedAt { get; set; }

    /// <summary>What it is told about the store has to be as of now: nothing may come from the cache.</summary>
    public abstract bool NeedsFresh { get; }

    /// <summary>Whether the last run refused: with blocks from the cache that may have been out of date.</summary>
    public abstract bool IsRefused { get; }

    /// <summary>The ids of the blocks it will probably touch, so that they can be read at once.</summary>
    public abstract IReadOnlyList<byte[]> Predicted { get; }

    /// <summary>How many more blocks it may write.</summary>
    public abstract int OtherBlocks { get; }

    /// <summary>Runs it on the blocks of the bench. If the bench then lacks blocks, nothing has changed.</summary>
    public abstract void Run(Workbench bench);

    /// <summary>What the last run came to is kept.</summary>
    public abstract void Complete();

    /// <summary>It came to nothing.</summary>
    public abstract void Fail(StepFault fault);
}
