using Quota.Silo.Definitions;
using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;
using Quota.Silo.Usage;

namespace Quota.Silo.Hosting;

/// <summary>
/// Everything between storage and edge for one kind of executor. Its loops end when their token is cancelled, after the edge has drained
/// and before storage is closed.
/// </summary>
internal interface ISiloEngine : IAsyncDisposable
{
    Limiter Limiter { get; }

    IGrainOperations Operations { get; }

    IUsageLedger Usage { get; }

    /// <summary>Erases keys; null if this engine cannot.</summary>
    IKeyEraser? Eraser { get; }

    /// <summary>Why the silo must not serve any more; null as long as it may.</summary>
    string? Fault { get; }

    /// <summary>Carries the silo's own table to its own store.</summary>
    Checkpointer Checkpointer { get; }

    /// <summary>Queues what was left to do when the silo was last stopped.</summary>
    /// <exception cref="Store.StoreException">A store cannot be read.</exception>
    Task RestoreAsync(CancellationToken cancellation);

    /// <summary>Runs the loops until cancelled.</summary>
    Task RunAsync(CancellationToken cancellation);

    /// <summary>Hands over what others may need, once nothing is asked any more and the loops have ended.</summary>
    Task HandOverAsync();
}
