using Quota.Contracts;
using Quota.Silo.Time;

namespace Quota.Silo.Events;

/// <summary>
/// Delivers events: takes what is due from the schedule, at most one per namespace and <see cref="Bounds.EventsInFlightMax"/> in
/// all, and lets each be attempted. At least once: what is not known to be taken stays in the queue.
/// <para>
/// Safety: one loop starts attempts and waits for them at the end; an attempt touches the schedule and the queue, which are safe
/// for concurrent use, and the number in flight, which it lowers before the schedule's signal wakes the loop. Whatever an attempt
/// throws, its event goes back into the schedule.
/// </para>
/// </summary>
internal sealed class WebhookDispatcher
{
    private readonly EventSchedule _schedule;
    private readonly EventDeliverer _deliverer;
    private readonly IClock _clock;
    private readonly TimeProvider _time;
    private readonly EventLog _log;
    private int _inFlight;

    /// <param name="schedule">What is due when.</param>
    /// <param name="deliverer">Makes an attempt.</param>
    /// <param name="clock">Says what is due.</param>
    /// <param name="time">For the timer of the next attempt; runs as fast as the clock.</param>
    /// <param name="log">What the log says.</param>
    public WebhookDispatcher(EventSchedule schedule, EventDeliverer deliverer, IClock clock, TimeProvider time, EventLog log)
    {
        _schedule = schedule;
        _deliverer = deliverer;
        _clock = clock;
        _time = time;
        _log = log;
    }

    /// <summary>
    /// Delivers until it is told to stop. Attempts that are under way then get <see cref="Bounds.EventDrainMs"/> to end; one that
    /// does not is cut, and made again after the next start.
    /// </summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        await using ITimer timer = _time.CreateTimer(_ => _schedule.Signal(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        List<Task> attempts = [];
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                attempts.RemoveAll(attempt => attempt.IsCompleted);
                StartDue(attempts, cut.Token);
                timer.Change(UntilNext(), Timeout.InfiniteTimeSpan);
                await _schedule.WaitAsync(stopping).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop.
        }
        cut.CancelAfter(TimeSpan.FromMilliseconds(Bounds.EventDrainMs));
        await Task.WhenAll(attempts).ConfigureAwait(false);
    }

    private void StartDue(List<Task> attempts, CancellationToken cut)
    {
        while (Volatile.Read(ref _inFlight) < Bounds.EventsInFlightMax && _schedule.TryTake(_clock.Now().WindowNs, out PendingEvent taken))
        {
            Interlocked.Increment(ref _inFlight);
            attempts.Add(Task.Run(() => AttemptAsync(taken, cut), CancellationToken.None));
        }
    }

    /// <summary>With all places taken, the end of an attempt is the next thing to happen.</summary>
    private TimeSpan UntilNext()
    {
        if (Volatile.Read(ref _inFlight) >= Bounds.EventsInFlightMax || _schedule.NextDueNs is not long dueNs)
        {
            return Timeout.InfiniteTimeSpan;
        }
        long waitNs = Math.Max(0, dueNs - _clock.Now().WindowNs);
        return TimeSpan.FromMilliseconds((waitNs + 999_999) / 1_000_000);
    }

    private async Task AttemptAsync(PendingEvent taken, CancellationToken cut)
    {
        // Stays so if the attempt is cut: the event keeps its place.
        DeliveryResult result = new(taken);
        try
        {
            result = await _deliverer.DeliverAsync(taken, cut).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            // Not known whether it arrived, so it stays pending.
        }
        catch (Exception e)
        {
            // A fault of the program, or of this one event: the others go on, and it is tried again at long intervals.
            _log.Faulted(taken.Namespace, e);
            result = new DeliveryResult(taken with { NextAttemptNs = _clock.Now().WindowNs + (Bounds.EventRetryMsMax * 1_000_000L) });
        }
        Interlocked.Decrement(ref _inFlight);
        _schedule.Return(taken, result);
    }
}
