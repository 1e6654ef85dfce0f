namespace Quota.Silo.Events;

/// <summary>An event that waits in the schedule, or is being delivered.</summary>
/// <param name="Namespace">Whose webhook gets it.</param>
/// <param name="RecordId">Under which the queue keeps its record.</param>
/// <param name="NextAttemptNs">When it is due, on the window scale.</param>
/// <param name="Unsaved">What its last attempt led to, if the queue could not keep that yet.</param>
public sealed record PendingEvent(string Namespace, ReadOnlyMemory<byte> RecordId, long NextAttemptNs, EventDelivery? Unsaved = null);
