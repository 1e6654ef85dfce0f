namespace Quota.Silo.Events;

/// <summary>The events of one namespace that wait, earliest first; one of them at most is being delivered. Not safe for concurrent use.</summary>
internal sealed class EventLane(string name)
{
    private readonly PriorityQueue<PendingEvent, (long AtNs, long Order)> _waiting = new();

    public string Name => name;

    /// <summary>Events reserved for, waiting, or being delivered.</summary>
    public int Held { get; set; }

    /// <summary>One of its events is being delivered.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Failures since the target last took an event.</summary>
    public int Failures { get; set; }

    /// <summary>Nothing is delivered before this: the target fails or asked for a pause.</summary>
    public long NotBeforeNs { get; set; }

    /// <summary>When its last event was taken.</summary>
    public long TakenAtNs { get; set; }

    /// <summary>Breaks ties between lanes; renewed whenever an event is taken, so that lanes take turns.</summary>
    public long Turn { get; set; }

    /// <summary>Where it stands in the set of lanes that are ready; null if it is not in it.</summary>
    public (long AtNs, long Turn)? Place { get; set; }

    /// <summary>
    /// When it may deliver next; null if nothing waits. A lane that has just delivered stands behind one that is due for longer,
    /// so that many failing targets do not keep the others waiting.
    /// </summary>
    public long? ReadyAtNs => _waiting.TryPeek(out _, out (long AtNs, long Order) head) ? Math.Max(head.AtNs, Math.Max(NotBeforeNs, TakenAtNs)) : null;

    public void Enqueue(PendingEvent pending, long order) => _waiting.Enqueue(pending, (pending.NextAttemptNs, order));

    public PendingEvent Dequeue() => _waiting.Dequeue();
}
