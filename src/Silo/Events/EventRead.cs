namespace Quota.Silo.Events;

/// <summary>What the queue answers when a record is read.</summary>
/// <param name="Status">Whether there is one.</param>
/// <param name="Content">The event; set if <see cref="EventReadStatus.Found"/>.</param>
/// <param name="Delivery">How far its delivery is; meaningful if <see cref="EventReadStatus.Found"/>.</param>
public readonly record struct EventRead(EventReadStatus Status, ThresholdEvent? Content = null, EventDelivery Delivery = default);
