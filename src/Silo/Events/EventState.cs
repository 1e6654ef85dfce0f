namespace Quota.Silo.Events;

/// <summary>What has become of an event. Persisted, APPEND-ONLY (golden test: ThresholdEventGoldenTests).</summary>
public enum EventState : byte
{
    /// <summary>Waits for its next attempt.</summary>
    Pending = 0,

    /// <summary>The webhook has answered that it took the event.</summary>
    Delivered = 1,

    /// <summary>The webhook did not take it, and is not asked again.</summary>
    GivenUp = 2,

    /// <summary>Went to the log alone: there was no webhook, or no room in the queue, when it was raised.</summary>
    LoggedOnly = 3,
}
