namespace Quota.Silo.Hosting;

/// <summary>
/// The one place that says whether this silo serves; health checks of every protocol read it.
/// <para>
/// Safety: status and change signal are one immutable object swapped under a lock, so that a reader who saw a status waits for
/// the change that follows exactly that status. Signals complete outside the setter's thread.
/// </para>
/// </summary>
public sealed class ServingState
{
    private readonly Lock _lock = new();
    private volatile Snapshot _snapshot = new(ServingStatus.Starting);

    public ServingStatus Status => _snapshot.Status;

    /// <summary>The status now, and a task that completes when it has changed.</summary>
    public (ServingStatus Status, Task Changed) Observe()
    {
        Snapshot snapshot = _snapshot;
        return (snapshot.Status, snapshot.Changed.Task);
    }

    /// <summary>Sets the status. <see cref="ServingStatus.Draining"/> is final: what comes after it is ignored.</summary>
    public void Set(ServingStatus status)
    {
        Snapshot before;
        lock (_lock)
        {
            before = _snapshot;
            if (before.Status == status || before.Status == ServingStatus.Draining)
            {
                return;
            }
            _snapshot = new Snapshot(status);
        }
        before.Changed.SetResult();
    }

    private sealed class Snapshot(ServingStatus status)
    {
        public readonly ServingStatus Status = status;
        public readonly TaskCompletionSource Changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
