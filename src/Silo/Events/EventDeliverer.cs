using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Time;

namespace Quota.Silo.Events;

/// <summary>
/// One attempt to deliver one event:
/// <list type="number">
/// <item>what an earlier attempt led to is kept first, if it could not be before;</item>
/// <item>the record is read: what is gone or done with needs nothing;</item>
/// <item>the event is posted to the webhook that the namespace has now;</item>
/// <item>the answer is judged: delivered, again later, or given up;</item>
/// <item>that is kept.</item>
/// </list>
/// A crash between 3 and 5 repeats the attempt: at least once, always with the same id. Safe for concurrent use: it has no state.
/// </summary>
internal sealed class EventDeliverer(IEventQueue queue, CatalogState catalog, WebhookSender sender, RetrySchedule retry, IClock clock, EventLog log)
{
    private const long NsPerMs = 1_000_000;

    /// <summary>Makes the attempt.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> has fired; nothing was kept of the attempt.</exception>
    public async Task<DeliveryResult> DeliverAsync(PendingEvent pending, CancellationToken cancellation)
    {
        // 1.
        if (pending.Unsaved is EventDelivery earlier)
        {
            return await KeepAsync(pending, earlier, default, cancellation).ConfigureAwait(false);
        }
        // 2.
        EventRead read = await queue.ReadAsync(pending.RecordId, cancellation).ConfigureAwait(false);
        if (read.Status == EventReadStatus.Unavailable)
        {
            log.Inaccessible(pending.Namespace);
            return new DeliveryResult(pending with { NextAttemptNs = Soon() });
        }
        if (read.Status == EventReadStatus.Gone || read.Delivery.State != EventState.Pending)
        {
            return default;
        }
        // 3.
        ThresholdEvent content = read.Content!;
        WebhookAnswer answer = await SendAsync(pending.Namespace, content, cancellation).ConfigureAwait(false);
        // 4.
        Instant answeredAt = clock.Now();
        EventDelivery delivery = Judge(content, read.Delivery, answer, answeredAt);
        Report(content, delivery, answer);
        // A target that wants no more of this is not failing: it refuses one event after the other, at once.
        DeliveryResult result = new(null, !answer.IsDelivered && !answer.IsGone, BoundedNs(answer.RetryAfter), answeredAt.WindowNs);
        // 5.
        return await KeepAsync(pending, delivery, result, cancellation).ConfigureAwait(false);
    }

    private async Task<WebhookAnswer> SendAsync(string owner, ThresholdEvent content, CancellationToken cancellation)
    {
        if (!catalog.Current.Namespaces.TryGet(Encoding.UTF8.GetBytes(owner), out NamespaceModel? found) || found.Webhook is null)
        {
            // It may come back with the next change of the configuration, so it is a failure like others.
            return new WebhookAnswer(0, Fault: "the namespace has no webhook");
        }
        return await sender.SendAsync(found.Webhook, content.Id, CloudEvent.Write(content), clock.Now(), cancellation).ConfigureAwait(false);
    }

    private EventDelivery Judge(ThresholdEvent content, in EventDelivery before, WebhookAnswer answer, Instant now)
    {
        int attempts = Math.Min(before.Attempts + 1, Bounds.EventAttemptsMax);
        if (answer.IsDelivered)
        {
            return new EventDelivery(EventState.Delivered, attempts, 0, now.WallMs);
        }
        if (answer.IsGone || attempts == Bounds.EventAttemptsMax || now.WallMs - content.AtMs >= Bounds.EventAgeMsMax)
        {
            return new EventDelivery(EventState.GivenUp, attempts, 0, now.WallMs);
        }
        long waitNs = Math.Max(retry.WaitNs(attempts), BoundedNs(answer.RetryAfter));
        return new EventDelivery(EventState.Pending, attempts, now.WindowNs + waitNs, 0);
    }

    private void Report(ThresholdEvent content, in EventDelivery delivery, WebhookAnswer answer)
    {
        if (delivery.State == EventState.GivenUp)
        {
            log.GivenUp(content, delivery, answer);
        }
        else if (delivery.State == EventState.Pending)
        {
            log.Failed(content, delivery, answer);
        }
    }

    private async Task<DeliveryResult> KeepAsync(PendingEvent pending, EventDelivery delivery, DeliveryResult kept, CancellationToken cancellation)
    {
        if (!await queue.CompleteAsync(pending.RecordId, delivery, cancellation).ConfigureAwait(false))
        {
            log.Inaccessible(pending.Namespace);
            return kept with { Again = pending with { NextAttemptNs = Soon(), Unsaved = delivery } };
        }
        return delivery.State == EventState.Pending ? kept with { Again = pending with { NextAttemptNs = delivery.NextAttemptNs, Unsaved = null } } : kept;
    }

    /// <summary>When what the silo itself could not do is tried again.</summary>
    private long Soon() => clock.Now().WindowNs + (Bounds.EventRetryMsMin * NsPerMs);

    private static long BoundedNs(TimeSpan? wait) => wait is null ? 0 : (long)Math.Min(wait.Value.TotalMilliseconds, Bounds.EventRetryMsMax) * NsPerMs;
}
