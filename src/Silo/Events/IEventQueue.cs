namespace Quota.Silo.Events;

/// <summary>
/// Where the records of events are kept, durably. The dispatcher reads a record when its attempt is due and writes what came of it;
/// which records are pending, and when, is in the <see cref="EventSchedule"/>, which is told when an event is raised and, at start,
/// of every record found pending. Safe for concurrent use; both calls return soon after they are cancelled.
/// </summary>
public interface IEventQueue
{
    /// <summary>Reads a record.</summary>
    /// <param name="recordId">As it was given to the schedule.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<EventRead> ReadAsync(ReadOnlyMemory<byte> recordId, CancellationToken cancellation);

    /// <summary>
    /// Keeps what an attempt led to (<see cref="ThresholdEventRecord.WriteDelivery"/> on the record). When this completes with true,
    /// a restart must find it. A record that is gone in the meantime is not made again, and counts as kept.
    /// </summary>
    /// <param name="recordId">As it was given to the schedule.</param>
    /// <param name="delivery">Takes the place of the delivery in the record.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False if it could not be kept now; it is then tried again, without another delivery.</returns>
    ValueTask<bool> CompleteAsync(ReadOnlyMemory<byte> recordId, EventDelivery delivery, CancellationToken cancellation);
}
