using Quota.Contracts;

namespace Quota.Silo.Journal;

/// <summary>
/// The calls that wait for the next sync.
/// <para>
/// Safety. A lock-free stack: many push, one takes everything; there is no pop of single nodes and hence no ABA. A call pushes
/// after its record was appended. The writer takes the stack first and the pending records second, so every waiter it took has
/// its record in what it then writes or in what was written before: no positions need be compared, and none is forgotten. A
/// call that finds the stack empty must wake the writer. <see cref="Terminate"/> leaves a mark that no push gets past.
/// </para>
/// </summary>
internal sealed class DurabilityQueue
{
    private readonly DurabilityWaiterPool _pool = new();
    private readonly DurabilityWaiter _terminated;
    private DurabilityWaiter? _top;

    public DurabilityQueue()
    {
        _terminated = new DurabilityWaiter(_pool);
    }

    /// <summary>Enqueues a waiter; false if nobody will complete it any more.</summary>
    public bool TryWait(out ValueTask<bool> task, out bool wasEmpty)
    {
        DurabilityWaiter waiter = _pool.Rent();
        task = waiter.Task;
        DurabilityWaiter? top = Volatile.Read(ref _top);
        while (!ReferenceEquals(top, _terminated))
        {
            waiter.Next = top;
            DurabilityWaiter? seen = Interlocked.CompareExchange(ref _top, waiter, top);
            if (ReferenceEquals(seen, top))
            {
                wasEmpty = top is null;
                return true;
            }
            top = seen;
        }
        waiter.Next = null;
        _pool.Return(waiter);
        wasEmpty = false;
        return false;
    }

    /// <summary>Takes all waiters, in the order in which they came.</summary>
    public DurabilityWaiter? TakeAll() => Reverse(Interlocked.Exchange(ref _top, null));

    /// <summary>Takes all waiters, and lets no others in.</summary>
    public DurabilityWaiter? Terminate() => Reverse(Interlocked.Exchange(ref _top, _terminated));

    /// <summary>Completes a chain in pieces, each a work item of the thread pool: no continuation ever runs on the caller's thread.</summary>
    public static void Complete(DurabilityWaiter? chain, bool outcome)
    {
        while (chain is not null)
        {
            DurabilityWaiter first = chain;
            DurabilityWaiter last = chain;
            for (int i = 1; i < Bounds.JournalWaitersPerWorkItem && last.Next is { } next; i++)
            {
                last = next;
            }
            chain = last.Next;
            last.Next = null;
            first.CompleteChainOnPool(outcome);
        }
    }

    private static DurabilityWaiter? Reverse(DurabilityWaiter? top)
    {
        DurabilityWaiter? first = null;
        while (top is not null)
        {
            DurabilityWaiter? next = top.Next;
            top.Next = first;
            first = top;
            top = next;
        }
        return first;
    }
}
