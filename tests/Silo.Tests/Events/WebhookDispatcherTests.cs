using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Quota.Contracts;
using Quota.Silo.Catalog;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

/// <summary>One namespace, one target: what is sent, and what each answer leads to.</summary>
public sealed class WebhookDispatcherTests : IAsyncLifetime
{
    private const long NsPerMs = 1_000_000;

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
    public async Task An_event_arrives_as_a_CloudEvent()
    {
        ThresholdEvent raised = _silo.Raise();
        ReceivedRequest request = await _receiver.NextAsync();
        Assert.Equal(("POST", "/hook?a=b", "application/cloudevents+json; charset=utf-8"), (request.Method, request.Path, request.ContentType));
        JsonElement json = request.Json;
        string Text(string name) => json.GetProperty(name).GetString()!;
        Assert.Equal(
            ("1.0", raised.Id.ToString(), "/quota/namespaces/shop", "quota.threshold.reached", "k-1", "2026-03-10T12:00:00.000Z", "application/json"),
            (Text("specversion"), Text("id"), Text("source"), Text("type"), Text("subject"), Text("time"), Text("datacontenttype")));
        Assert.Equal(
            """{"namespace":"shop","key":"k-1","plan":"pro","limit":"calls","unit":"requests","attributes":{},"thresholdPercent":80,"amount":1000,"used":801,"periodStart":"2026-03-01T00:00:00.000Z","periodEnd":"2026-04-01T00:00:00.000Z"}""",
            json.GetProperty("data").GetRawText());
        EventDelivery delivery = await _silo.Queue.NextCompletedAsync();
        Assert.Equal(new EventDelivery(EventState.Delivered, 1, 0, raised.AtMs), delivery);
    }

    [Fact]
    public async Task An_independent_receiver_verifies_the_signature_and_refuses_what_was_changed_or_is_old()
    {
        _silo.Raise();
        ReceivedRequest request = await _receiver.NextAsync();
        DateTimeOffset now = _silo.Time.GetUtcNow();
        Assert.Equal(request.Json.GetProperty("id").GetString(), request.Id);
        Assert.True(WebhookVerifier.Verify(request, WebhookVerifier.Secret, now));
        Assert.False(WebhookVerifier.Verify(request, "whsec_" + Convert.ToBase64String(new byte[24]), now));
        Assert.False(WebhookVerifier.Verify(request with { Body = [.. request.Body, (byte)' '] }, WebhookVerifier.Secret, now));
        Assert.False(WebhookVerifier.Verify(request with { Id = request.Id + "0" }, WebhookVerifier.Secret, now));
        Assert.False(WebhookVerifier.Verify(request with { Timestamp = (now.ToUnixTimeSeconds() + 1).ToString(CultureInfo.InvariantCulture) }, WebhookVerifier.Secret, now));
        Assert.False(WebhookVerifier.Verify(request, WebhookVerifier.Secret, now.AddMinutes(6)));
    }

    [Fact]
    public async Task A_failing_target_is_asked_again_after_growing_waits_with_the_same_id_and_a_fresh_signature()
    {
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 500);
        ThresholdEvent raised = _silo.Raise();
        for (int attempt = 1; attempt <= 14; attempt++)
        {
            ReceivedRequest request = await _receiver.NextAsync();
            Assert.Equal(raised.Id.ToString(), request.Id);
            Assert.True(WebhookVerifier.Verify(request, WebhookVerifier.Secret, _silo.Time.GetUtcNow()));
            EventDelivery delivery = await _silo.Queue.NextCompletedAsync();
            long bound = Math.Min(2_000L << (attempt - 1), 3_600_000) * NsPerMs;
            Assert.Equal((EventState.Pending, attempt), (delivery.State, delivery.Attempts));
            Assert.InRange(delivery.NextAttemptNs - request.AtNs, bound / 2, bound);
            _silo.Time.AdvanceNs(delivery.NextAttemptNs - request.AtNs - 1);
            Assert.False(_receiver.HasMore);
            if (attempt == 14)
            {
                _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 200);
            }
            _silo.AdvanceTo(delivery);
        }
        EventDelivery last = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Delivered, 15), (last.State, last.Attempts));
    }

    [Fact]
    public async Task A_target_that_hangs_is_left_after_fifteen_seconds()
    {
        _receiver.Answer = (_, http) => HangAsync(http);
        ThresholdEvent raised = _silo.Raise();
        await _receiver.NextAsync();
        _silo.Time.AdvanceMs(Bounds.WebhookTimeoutMs);
        EventDelivery delivery = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Pending, 1), (delivery.State, delivery.Attempts));
        Assert.Contains(_silo.Log.Lines, l => l.Contains("no answer in time", StringComparison.Ordinal) && l.Contains(raised.Id.ToString(), StringComparison.Ordinal));
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 204);
        _silo.AdvanceTo(delivery);
        Assert.Equal(EventState.Delivered, (await _silo.Queue.NextCompletedAsync()).State);
    }

    [Fact]
    public async Task A_target_that_is_gone_ends_the_event_at_once_and_the_log_says_so()
    {
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 410);
        ThresholdEvent first = _silo.Raise(key: "k-1");
        EventDelivery delivery = await _silo.Queue.NextCompletedAsync();
        Assert.Equal(new EventDelivery(EventState.GivenUp, 1, 0, first.AtMs), delivery);
        Assert.Contains(_silo.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal) && l.Contains(first.Id.ToString(), StringComparison.Ordinal) && l.Contains("410", StringComparison.Ordinal));
        // The next one is asked about without a pause.
        _silo.Raise(key: "k-2");
        Assert.Equal(EventState.GivenUp, (await _silo.Queue.NextCompletedAsync()).State);
    }

    [Theory]
    [InlineData(429, "600", 600)]
    [InlineData(503, "600", 600)]
    [InlineData(503, "Tue, 10 Mar 2026 12:10:00 GMT", 600)]
    [InlineData(429, "86400", 3_600)]
    [InlineData(503, "2147483648", 1)]
    [InlineData(429, "0", 1)]
    [InlineData(429, "Tue, 10 Mar 2020 12:00:00 GMT", 1)]
    [InlineData(500, "600", 1)]
    public async Task A_target_may_ask_for_a_longer_wait_up_to_an_hour(int status, string retryAfter, int seconds)
    {
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, status, retryAfter);
        _silo.Raise(key: "k-1");
        EventDelivery delivery = await _silo.Queue.NextCompletedAsync();
        long wait = delivery.NextAttemptNs - _silo.Clock.Now().WindowNs;
        Assert.InRange(wait, seconds * 1000 * NsPerMs, Math.Max(seconds, 2) * 1000 * NsPerMs);
    }

    [Fact]
    public async Task A_broken_connection_a_refused_one_and_a_redirect_are_failures()
    {
        _receiver.Answer = (_, http) =>
        {
            http.Abort();
            return Task.CompletedTask;
        };
        _silo.Raise();
        EventDelivery broken = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Pending, 1), (broken.State, broken.Attempts));
        _receiver.Answer = (request, http) =>
        {
            http.Response.Headers.Location = "/elsewhere";
            return WebhookReceiver.StatusAsync(http, 307);
        };
        _silo.AdvanceTo(broken);
        EventDelivery redirected = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Pending, 2), (redirected.State, redirected.Attempts));
        Assert.Equal(["/hook?a=b", "/hook?a=b"], [(await _receiver.NextAsync()).Path, (await _receiver.NextAsync()).Path]);
        // Bound and not listening: a connection is refused, and nobody else gets the port meanwhile.
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _silo.Configure(("shop", WebhookModel.TryCreate($"http://{bound.LocalEndPoint}/", WebhookVerifier.Secret, out _, out _)));
        _silo.AdvanceTo(redirected);
        EventDelivery refused = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.Pending, 3), (refused.State, refused.Attempts));
        Assert.Contains(_silo.Log.Lines, l => l.Contains("ConnectionError", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read()
    {
        TaskCompletionSource cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver.Answer = async (_, http) =>
        {
            try
            {
                while (!http.RequestAborted.IsCancellationRequested)
                {
                    await http.Response.Body.WriteAsync(new byte[64 * 1024], http.RequestAborted);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The sender has hung up.
            }
            cut.TrySetResult();
        };
        _silo.Raise();
        Assert.Equal(EventState.Delivered, (await _silo.Queue.NextCompletedAsync()).State);
        await cut.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task The_last_attempt_gives_up_and_the_log_says_so()
    {
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 500);
        ThresholdEvent raised = EventSamples.Create(atMs: _silo.Clock.Now().WallMs);
        _silo.Queue.Put(raised, new EventDelivery(EventState.Pending, Bounds.EventAttemptsMax - 1, 0, 0));
        await _silo.RestartAsync();
        Assert.Equal(new EventDelivery(EventState.GivenUp, Bounds.EventAttemptsMax, 0, raised.AtMs), await _silo.Queue.NextCompletedAsync());
        Assert.Contains(_silo.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal) && l.Contains(raised.Id.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_event_that_is_three_days_old_is_tried_once_more_and_then_given_up()
    {
        _receiver.Answer = (_, http) => WebhookReceiver.StatusAsync(http, 500);
        _silo.Raise();
        EventDelivery first = await _silo.Queue.NextCompletedAsync();
        Assert.Equal(EventState.Pending, first.State);
        _silo.Time.AdvanceMs(Bounds.EventAgeMsMax);
        EventDelivery last = await _silo.Queue.NextCompletedAsync();
        Assert.Equal((EventState.GivenUp, 2), (last.State, last.Attempts));
    }

    [Fact]
    public async Task An_event_of_the_namespace_as_a_whole_has_no_subject()
    {
        _silo.Raise(key: "");
        JsonElement json = (await _receiver.NextAsync()).Json;
        Assert.False(json.TryGetProperty("subject", out _));
        Assert.Equal("", json.GetProperty("data").GetProperty("key").GetString());
    }

    [Fact]
    public void Values_are_named_and_any_text_is_valid_json()
    {
        ThresholdEvent raised = EventSamples.Create("a b/ü", "\"\n\u2028😀") with { Attributes = [new("route", "/ä"), new("", "")] };
        JsonElement json = JsonDocument.Parse(CloudEvent.Write(raised)).RootElement;
        Assert.Equal("/quota/namespaces/a%20b%2F%C3%BC", json.GetProperty("source").GetString());
        Assert.Equal("\"\n\u2028😀", json.GetProperty("subject").GetString());
        Assert.Equal("/ä", json.GetProperty("data").GetProperty("attributes").GetProperty("route").GetString());
    }

    private static Task HangAsync(HttpContext http) => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
}
