using System.Globalization;
using Microsoft.AspNetCore.Http;
using Quota.Contracts;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

/// <summary>The queue stays while dispatchers come and go, and targets do not get in each other's way.</summary>
public sealed class WebhookQueueTests : IAsyncLifetime
{
    private readonly DispatcherFixture _silo = new();
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync(_silo.Time);
        _silo.Configure(("shop", _receiver.Webhook));
    }

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task What_was_not_taken_before_a_restart_is_sent_after_it_and_its_attempts_go_on()
    {
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 500);
        ThresholdEvent raised = _silo.Raise();
        await _receiver.NextAsync();
        EventDelivery failed = await _silo.Queue.NextCompletedAsync();
        await _silo.RestartAsync();
        Assert.False(_receiver.HasMore);
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 204);
        _silo.AdvanceTo(failed);
        ReceivedRequest again = await _receiver.NextAsync();
        Assert.Equal((raised.Id.ToString(), true), (again.Id, again.AtNs >= failed.NextAttemptNs));
        EventDelivery taken = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Delivered, 2), (taken.State, taken.Attempts));
        await _silo.RestartAsync();
        Assert.Equal(0, _silo.Pending);
    }

    [Fact]
    public async Task What_was_taken_but_could_not_be_kept_is_not_sent_again_by_the_same_process()
    {
        _silo.Queue.FailWrites(3);
        Task soon = _silo.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.EventRetryMsMin));
        ThresholdEvent raised = _silo.Raise();
        await _receiver.NextAsync();
        for (int i = 0; i < 3; i++)
        {
            await soon.WaitAsync(TimeSpan.FromSeconds(20));
            soon = _silo.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.EventRetryMsMin));
            _silo.Time.AdvanceMs(Bounds.EventRetryMsMin);
        }
        EventDelivery taken = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Delivered, 1, taken), (taken.State, taken.Attempts, _silo.Queue.Get(raised)));
        Assert.False(_receiver.HasMore);
    }

    [Fact]
    public async Task What_was_taken_but_could_not_be_kept_is_sent_again_after_a_restart_with_the_same_id()
    {
        _silo.Queue.FailWrites(1);
        Task soon = _silo.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.EventRetryMsMin));
        _silo.Raise();
        ReceivedRequest first = await _receiver.NextAsync();
        await soon.WaitAsync(TimeSpan.FromSeconds(20));
        await _silo.RestartAsync();
        ReceivedRequest second = await _receiver.NextAsync();
        Assert.Equal(first.Id, second.Id);
        Assert.Equal(first.Body, second.Body);
        Assert.Equal(EventState.Delivered, (await _silo.Queue.NextCompletedAsync()).State);
    }

    [Fact]
    public async Task Random_failures_and_restarts_lose_no_event()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        _receiver.Answer = (_, http) =>
        {
            int status;
            lock (random)
            {
                status = random.Next(8) switch { 0 => 0, 1 => 500, _ => 204 };
            }
            if (status == 0)
            {
                http.Abort();
            }
            return WebhookReceiver.StatusAsync(http, status == 0 ? 200 : status);
        };
        HashSet<string> raised = [.. Enumerable.Range(0, 30).Select(i => _silo.Raise(key: i.ToString(CultureInfo.InvariantCulture)).Id.ToString())];
        int ended = 0;
        for (int step = 0; ended < raised.Count; step++)
        {
            Task<EventDelivery> next = _silo.Queue.NextCompletedAsync();
            // A wait that the dispatcher begins just after the clock was moved on needs the clock to move once more.
            using (var tick = new PeriodicTimer(TimeSpan.FromSeconds(1)))
            {
                while (await Task.WhenAny(next, tick.WaitForNextTickAsync().AsTask()) != next)
                {
                    _silo.Time.AdvanceMs(Bounds.EventRetryMsMax);
                }
            }
            EventDelivery delivery = await next;
            ended += delivery.State == EventState.Pending ? 0 : 1;
            Assert.True(delivery.State != EventState.GivenUp, $"seed {seed}");
            if (step % 10 == 9)
            {
                await _silo.RestartAsync();
            }
            // An hour is enough for every wait; there are far fewer steps than hours until an event is given up.
            _silo.Time.AdvanceMs(Bounds.EventRetryMsMax);
        }
        HashSet<string> received = [];
        while (_receiver.HasMore)
        {
            received.Add((await _receiver.NextAsync()).Id);
        }
        Assert.True(raised.SetEquals(received), $"seed {seed}");
    }

    [Fact]
    public async Task Dead_targets_do_not_hold_up_the_others()
    {
        await using WebhookReceiver live = await WebhookReceiver.StartAsync(_silo.Time);
        _receiver.Answer = (_, http) => HangAsync(http);
        string[] dead = [.. Enumerable.Range(0, Bounds.EventsInFlightMax - 1).Select(i => $"dead{i}")];
        _silo.Configure([.. dead.Select(d => (d, _receiver.Webhook)), ("live", live.Webhook)]);
        foreach (string owner in dead)
        {
            _silo.Raise(owner, "1");
            _silo.Raise(owner, "2");
        }
        HashSet<string> hanging = [];
        for (int i = 0; i < dead.Length; i++)
        {
            hanging.Add((await _receiver.NextAsync()).Json.GetProperty("data").GetProperty("namespace").GetString()!);
        }
        Assert.Equal(dead.Length, hanging.Count);
        for (int i = 0; i < 5; i++)
        {
            _silo.Raise("live", i.ToString(CultureInfo.InvariantCulture));
        }
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), (await live.NextAsync()).Key);
            Assert.Equal(EventState.Delivered, (await _silo.Queue.NextCompletedAsync()).State);
        }
        // One in flight per namespace: the second event of each waits.
        Assert.False(_receiver.HasMore);
    }

    [Fact]
    public async Task With_every_place_hanging_a_live_target_has_its_turn_when_they_time_out()
    {
        await using WebhookReceiver live = await WebhookReceiver.StartAsync(_silo.Time);
        _receiver.Answer = (_, http) => HangAsync(http);
        string[] dead = [.. Enumerable.Range(0, 2 * Bounds.EventsInFlightMax).Select(i => $"dead{i}")];
        _silo.Configure([.. dead.Select(d => (d, _receiver.Webhook)), ("live", live.Webhook)]);
        foreach (string owner in dead)
        {
            _silo.Raise(owner);
        }
        _silo.Raise("live");
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < Bounds.EventsInFlightMax; i++)
            {
                await _receiver.NextAsync();
            }
            Assert.False(live.HasMore);
            _silo.Time.AdvanceMs(Bounds.WebhookTimeoutMs);
        }
        Assert.Equal("k-1", (await live.NextAsync()).Key);
    }

    [Fact]
    public async Task A_stop_lets_an_attempt_end_and_keeps_what_came_of_it()
    {
        TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver.Answer = (_, http) => answer.Task;
        ThresholdEvent raised = _silo.Raise();
        await _receiver.NextAsync();
        Task draining = _silo.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.EventDrainMs));
        _silo.Stop();
        await draining.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(_silo.Running.IsCompleted);
        answer.SetResult();
        await _silo.Running.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(EventState.Delivered, _silo.Queue.Get(raised).State);
    }

    [Fact]
    public async Task A_stop_cuts_an_attempt_that_hangs_and_its_event_stays_as_it_was()
    {
        _receiver.Answer = (_, http) => HangAsync(http);
        ThresholdEvent raised = _silo.Raise();
        EventDelivery before = _silo.Queue.Get(raised);
        await _receiver.NextAsync();
        Task draining = _silo.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.EventDrainMs));
        _silo.Stop();
        await draining.WaitAsync(TimeSpan.FromSeconds(20));
        _silo.Time.AdvanceMs(Bounds.EventDrainMs);
        await _silo.Running.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(before, _silo.Queue.Get(raised));
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 204);
        await _silo.RestartAsync();
        Assert.Equal(raised.Id.ToString(), (await _receiver.NextAsync()).Id);
    }

    [Fact]
    public async Task Without_a_webhook_an_event_waits_for_one_to_be_configured()
    {
        _silo.Configure(("shop", null));
        _silo.Raise();
        EventDelivery failed = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Pending, 1), (failed.State, failed.Attempts));
        Assert.Contains(_silo.Log.Lines, l => l.Contains("has no webhook", StringComparison.Ordinal));
        _silo.Configure(("shop", _receiver.Webhook));
        _silo.AdvanceTo(failed);
        Assert.Equal(EventState.Delivered, (await _silo.Queue.NextCompletedAsync()).State);
    }

    [Fact]
    public async Task A_forgotten_record_is_not_sent_and_gives_its_place_back()
    {
        TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver.Answer = (_, http) => answer.Task;
        _silo.Raise(key: "1");
        ThresholdEvent forgotten = _silo.Raise(key: "2");
        _silo.Raise(key: "3");
        await _receiver.NextAsync();
        _silo.Queue.Forget(forgotten);
        answer.SetResult();
        Assert.Equal("3", (await _receiver.NextAsync()).Key);
        await _silo.Queue.NextCompletedAsync();
        await _silo.Queue.NextCompletedAsync();
        await _silo.RestartAsync();
        Assert.Equal(0, _silo.Pending);
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_asked_again_and_costs_no_attempt()
    {
        _silo.Queue.FailReads(1);
        Task soon = _silo.Time.WhenArmedAsync(TimeSpan.FromMilliseconds(Bounds.EventRetryMsMin));
        _silo.Raise();
        await soon.WaitAsync(TimeSpan.FromSeconds(20));
        _silo.Time.AdvanceMs(Bounds.EventRetryMsMin);
        EventDelivery taken = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Delivered, 1), (taken.State, taken.Attempts));
    }

    private static Task HangAsync(HttpContext http) => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
}
