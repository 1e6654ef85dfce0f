namespace Quota.Silo.Execution.Shared;

/// <summary>What the shared executor takes from its surroundings besides the store and the clock; a simulation brings its own.</summary>
internal sealed record SharedRuntime
{
    /// <summary>Waits before a batch is tried again.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Starts work somewhere else than on the caller's stack.</summary>
    public Action<Action> Post { get; init; } = work => ThreadPool.UnsafeQueueUserWorkItem(static w => w(), work, preferLocal: false);

    /// <summary>How those who wait for a step go on.</summary>
    public TaskCreationOptions Continuations { get; init; } = TaskCreationOptions.RunContinuationsAsynchronously;

    /// <summary>Jitter of waits.</summary>
    public Random Random { get; init; } = Random.Shared;
}
