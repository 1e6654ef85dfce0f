namespace Quota.Silo.Events;

/// <summary>What an attempt means for the schedule.</summary>
/// <param name="Again">The event as it waits on; null if it is done with.</param>
/// <param name="IsTargetFailing">True: the target did not take it, so the namespace's other events wait a while too. Null: it was not asked.</param>
/// <param name="PauseNs">The target asked to be left alone for this long.</param>
/// <param name="AnsweredAtNs">If it was asked: when its answer, or none, had come; on the window scale. Pauses begin here.</param>
internal readonly record struct DeliveryResult(PendingEvent? Again, bool? IsTargetFailing = null, long PauseNs = 0, long AnsweredAtNs = 0);
