using Quota.Contracts;

namespace Quota.Silo.Journal;

/// <summary>Waiters for reuse. Safety: a stack under a lock that is held for two assignments.</summary>
internal sealed class DurabilityWaiterPool
{
    private readonly Lock _lock = new();
    private DurabilityWaiter? _top;
    private int _count;

    public DurabilityWaiter Rent()
    {
        lock (_lock)
        {
            if (_top is { } waiter)
            {
                _top = waiter.Next;
                waiter.Next = null;
                _count--;
                return waiter;
            }
        }
        return new DurabilityWaiter(this);
    }

    public void Return(DurabilityWaiter waiter)
    {
        lock (_lock)
        {
            if (_count < Bounds.JournalWaitersPooledMax)
            {
                waiter.Next = _top;
                _top = waiter;
                _count++;
            }
        }
    }
}
