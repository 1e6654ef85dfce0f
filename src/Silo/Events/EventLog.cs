using Quota.Silo.Catalog.Config;
using Quota.Silo.Edge;

namespace Quota.Silo.Events;

/// <summary>
/// What the log says about events. Each cause (a threshold of a limit, a namespace's webhook) is written at most once per second,
/// with the number of lines that were left out, so that a month's end with a million keys does not fill the disk. Safe for
/// concurrent use.
/// </summary>
public sealed class EventLog
{
    private readonly ILogger _logger;
    private readonly RateLimitedLog _raised;
    private readonly RateLimitedLog _deliveries;

    /// <param name="logger">Where it goes.</param>
    /// <param name="time">For the rate.</param>
    public EventLog(ILogger logger, TimeProvider time)
    {
        _logger = logger;
        _raised = new RateLimitedLog(logger, time);
        _deliveries = new RateLimitedLog(logger, time);
    }

    /// <summary>A threshold was reached. Said of every event when it is raised, with a webhook or without.</summary>
    public void Raised(ThresholdEvent content)
    {
        if (_raised.ShouldLog($"{content.Namespace}/{content.Limit} {content.ThresholdPercent}", out long suppressed))
        {
            _logger.LogInformation(
                "Threshold reached: event {EventId}, namespace {Namespace}, key {Key}, plan {Plan}, limit {Limit}, {ThresholdPercent} % of {Amount} {Unit}, {Used} used, period {PeriodStart} to {PeriodEnd} ({Suppressed} more like it were not logged)",
                content.Id, content.Namespace, Quoted.Text(content.Key), content.Plan, content.Limit, content.ThresholdPercent, content.Amount, content.Unit, content.Used,
                CloudEvent.Time(content.PeriodStartMs), CloudEvent.Time(content.PeriodEndMs), suppressed);
        }
    }

    /// <summary>An event was raised and has no place in the queue: the log alone has it.</summary>
    public void QueueFull(string owner)
    {
        if (_deliveries.ShouldLog($"full {owner}", out long suppressed))
        {
            _logger.LogError("The queue of events is full: an event of namespace {Namespace} is not sent ({Suppressed} more like it were not logged)", owner, suppressed);
        }
    }

    internal void Failed(ThresholdEvent content, in EventDelivery delivery, WebhookAnswer answer)
    {
        if (_deliveries.ShouldLog($"failed {content.Namespace}", out long suppressed))
        {
            _logger.LogWarning(
                "Event {EventId} was not taken by the webhook of namespace {Namespace} at attempt {Attempt}: {Answer} ({Suppressed} more like it were not logged)",
                content.Id, content.Namespace, delivery.Attempts, answer.ToString(), suppressed);
        }
    }

    internal void GivenUp(ThresholdEvent content, in EventDelivery delivery, WebhookAnswer answer)
    {
        if (_deliveries.ShouldLog($"given up {content.Namespace}", out long suppressed))
        {
            _logger.LogError(
                "Event {EventId} is given up: the webhook of namespace {Namespace} did not take it in {Attempts} attempts, at last {Answer}; key {Key}, limit {Limit}, {ThresholdPercent} % ({Suppressed} more like it were not logged)",
                content.Id, content.Namespace, delivery.Attempts, answer.ToString(), Quoted.Text(content.Key), content.Limit, content.ThresholdPercent, suppressed);
        }
    }

    internal void Inaccessible(string owner)
    {
        if (_deliveries.ShouldLog($"inaccessible {owner}", out long suppressed))
        {
            _logger.LogWarning("The record of an event of namespace {Namespace} cannot be read or written now; it is tried again ({Suppressed} more like it were not logged)", owner, suppressed);
        }
    }

    internal void Faulted(string owner, Exception fault) => _deliveries.Error($"an event of namespace {owner} could not be handled", fault);
}
