using System.Threading.Tasks.Sources;
using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// One call that waits for durability, reused. Also the work item that completes a chain of waiters on the thread pool.
/// <para>
/// Safety. A waiter is owned by one party at a time: the waiting call, from Rent until it has been pushed; the queue; the
/// writer, which takes the whole queue; the work item that completes it; the waiting call again, whose GetResult returns it to
/// the pool. Each hand-over is a barrier (compare-exchange, exchange, the thread pool's queue, the core's completion).
/// <see cref="Execute"/> reads <see cref="Next"/> before it completes a waiter, and nothing of a waiter afterwards.
/// </para>
/// </summary>
internal sealed class DurabilityWaiter(DurabilityWaiterPool pool) : IValueTaskSource<bool>, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private bool _outcome;

    public DurabilityWaiter? Next { get; set; }

    public ValueTask<bool> Task => new(this, _core.Version);

    /// <summary>Completes the chain that begins here, on the thread pool.</summary>
    public void CompleteChainOnPool(bool outcome)
    {
        _outcome = outcome;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute()
    {
        bool outcome = _outcome;
        DurabilityWaiter? waiter = this;
        while (waiter is not null)
        {
            DurabilityWaiter? next = waiter.Next;
            waiter.Next = null;
            waiter._core.SetResult(outcome);
            waiter = next;
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        bool outcome = _core.GetResult(token);
        Invariant.Check(Next is null);
        _core.Reset();
        pool.Return(this);
        return outcome;
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
