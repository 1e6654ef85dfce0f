using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quota.Silo.Catalog;

namespace Quota.Silo.Tests.Events;

/// <summary>A real HTTP server on the loopback that receives webhooks and answers as a test tells it.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WebApplication _server;
    private readonly Channel<ReceivedRequest> _received = Channel.CreateUnbounded<ReceivedRequest>();

    private WebhookReceiver(WebApplication server) => _server = server;

    /// <summary>How a request is answered; 204 unless told otherwise.</summary>
    public Func<ReceivedRequest, HttpContext, Task> Answer { get; set; } = (_, http) => StatusAsync(http, 204);

    /// <summary>Its address, with the key that the sender signs with.</summary>
    public WebhookModel Webhook { get; private set; } = null!;

    public static async Task<WebhookReceiver> StartAsync(TimeProvider time, string secret = WebhookVerifier.Secret)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var receiver = new WebhookReceiver(builder.Build());
        receiver._server.Run(http => receiver.ReceiveAsync(http, time));
        await receiver._server.StartAsync();
        receiver.Webhook = WebhookModel.TryCreate(receiver._server.Urls.Single() + "/hook?a=b", secret, out _, out _)!;
        return receiver;
    }

    public static Task StatusAsync(HttpContext http, int status, string? retryAfter = null)
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            http.Response.Headers.RetryAfter = retryAfter;
        }
        return Task.CompletedTask;
    }

    /// <summary>The next request, answered or not.</summary>
    public async Task<ReceivedRequest> NextAsync() => await _received.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Whether there was a request that no test has looked at.</summary>
    public bool HasMore => _received.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
    }

    private async Task ReceiveAsync(HttpContext http, TimeProvider time)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        string Header(string name) => http.Request.Headers[name].Single()!;
        var request = new ReceivedRequest(http.Request.Method, http.Request.Path + http.Request.QueryString, Header("content-type"), Header("webhook-id"), Header("webhook-timestamp"), Header("webhook-signature"), body.ToArray(), time.GetTimestamp());
        _received.Writer.TryWrite(request);
        await Answer(request, http);
    }
}
